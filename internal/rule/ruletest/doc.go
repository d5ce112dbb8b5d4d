// Package ruletest is the language in which rules are tested, by the people
// who write them: readings are loaded, an instant is named, and what the rule
// must say then is told. The evaluator is the one that runs live.
//
//	rule: street-flood            # the id of a rule, or a rule itself
//	interval: 1m                  # between the values of a series
//	start: 2026-10-01T00:00:00Z   # of the first value; this unless said otherwise
//	stations:                     # only what the rule asks for
//	  - {thing: tower-1, lon: 108.2, lat: 16.06, name: Tháp 1, levels: [1.0, 2.0, 2.5]}
//	load:
//	  - {thing: tower-1, property: flood_depth, values: 0.1x30 0.25 _ 0.35+0.01x10}
//	tests:
//	  - eval_at: 35m              # from start
//	    expect:
//	      - {thing: tower-1, severity: 2, since: 31m}
//	    expect_trace: 0.36        # the value, or {thing, value, state, severity, reason}
//	  - eval_at: 5m
//	    expect: none
//
// Values are written as promtool writes them: 0.1x30 is 0.1 and thirty times
// more the same, 1+0.5x3 is 1 1.5 2 2.5, _ is a reading that is missing and
// _x4 are four. A value may carry quality flags, 0.3!frozen|suspect, and come
// late, 0.3@10m.
//
// A file may hold several such documents, parted by a line of three dashes.
package ruletest
