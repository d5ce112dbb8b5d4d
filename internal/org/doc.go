// Package org owns the units of the city: the wards and communes, the
// districts they lay in until July 2025, and the agencies. They are one tree
// that is valid in time: everything asks "as of when".
//
// A code is for ever; a unit has one life or several, one after the other (a
// new name, another parent, a new kind from a day on). One that ended names
// its successors, and InForce follows them to who answers at an instant.
//
// What is shipped (wards of internal/city, agencies of data/units.csv) is
// never copied: the table org_unit holds only what the city added or changed,
// and its rows stand in place of all shipped lives of the same code. The tree
// is an immutable snapshot in memory, made anew after each change and at least
// each minute, for what another program did on the same database.
//
// A unit whose parent is not in force hangs below the parent's successor, and
// where there is none below what the parent hung below: nothing that is in
// force ever falls out of the tree.
//
// Facts: ioc.org.{added,changed,dissolved}.<code>, ioc.org.imported.all.
package org
