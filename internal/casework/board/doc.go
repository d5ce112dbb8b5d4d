// Package board counts the files of a city by unit, field, procedure, channel
// and officer, at any instant and for any period, from columns in memory: at
// most 64 bytes a file, read from the records when the program starts and
// kept up to date after every commit.
//
// Every figure names its denominator. A file counts for the unit that had it;
// what a dissolved unit had counts for its successor where one took over all
// of it, and stands apart where it went in parts.
package board
