// Package workcal is the working calendar of the city: office hours, holidays,
// compensating days and Saturdays that make up for a bridge, each as a dated
// row with its source and whether it is certain. Terms of administrative
// files are counted with it.
//
// Three layers say what a day is; the first that knows it with certainty
// holds: rows of the city, rows that ship (data/days.csv, years whose decree
// is known), the Labour Code computed with the lunar calendar. What is not
// confirmed in the first two is shown, and does not count.
//
// A Calendar is a snapshot that never changes: prefix sums over a century
// answer every question in less than a microsecond, and before and after it
// goes on week by week. Days have no summer time here; Asia/Ho_Chi_Minh is
// UTC+7.
//
// Tables: workcal_day, workcal_hours. Facts: ioc.calendar.{day_set,
// day_removed, hours_set}.<date>.
package workcal
