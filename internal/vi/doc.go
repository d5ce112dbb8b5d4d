// Package vi knows Vietnamese text: composed form (NFC), folding for search
// without tones, a key under which both habits of placing a tone mark are
// equal (hoà = hòa), a stored key that sorts as Vietnamese dictionaries do,
// the old Windows code page, and numbers as they are written in Vietnamese.
//
// Every function takes any string, valid UTF-8 or not, never fails and
// returns valid UTF-8; Fold, Key and NFC applied twice give what they give
// once.
package vi
