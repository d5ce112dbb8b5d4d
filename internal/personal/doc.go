// Package personal holds the types of what identifies a person. They mask
// themselves wherever a value leaves the program by itself – JSON, text, XML,
// fmt with any verb, slog, templates – so that a forgotten field shows
// "N*** V** A", not a name. Whoever may see the value asks for it by Reveal,
// which is easy to find in a review and stands beside a permission and a
// record of the look. The store keeps the value (Scan, Value).
//
// Three ways go round the masks, and no type of a string can close them: as
// the key of a map a value is marshalled raw, a struct printed with fmt shows
// its unexported fields raw, and the verbs %p and %w ask no method (vet refuses
// them for text). So: never a key, always an exported field.
package personal
