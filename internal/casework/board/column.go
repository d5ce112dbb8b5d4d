package board

import (
	"sync"

	"openioc.org/ioc/internal/casework"
)

// row is one file. Instants are µs, 0 none. Of a file whose way is winding,
// due is where its way lies.
type row struct {
	received, due, ended int64
	officer              uint32
	unit, procedure      uint16
	field                uint16
	channel              uint8
	state                uint8 // index of casework.States, 255: there is no such file
	outcome              uint8 // index of classes
	flags                uint8
}

const (
	known     = 1 << iota // whether there is an electronic copy
	digitized             // there is
	synthetic
	overflow // its way is in ways
)

const none = 255

// chunk is how many rows are allocated at a time, so that growing copies
// nothing.
const chunk = 1 << 14

// columns are the files, by their number.
type columns struct {
	mu     sync.RWMutex
	chunks []*[chunk]row
	files  int
	synth  int
	ways   ways
	units  names
	procs  names
	fields names
	people names
	change int64
	ready  bool
}

func newColumns() *columns {
	c := &columns{}
	for _, n := range []*names{&c.units, &c.procs, &c.fields, &c.people} {
		n.index = map[string]uint32{}
		n.of("", "") // 0 is nothing
	}
	return c
}

// names give texts small numbers.
type names struct {
	index map[string]uint32
	keys  []string
	names []string
}

func (n *names) of(key, name string) uint32 {
	i, ok := n.index[key]
	if !ok {
		i = uint32(len(n.keys))
		n.index[key] = i
		n.keys, n.names = append(n.keys, key), append(n.names, name)
	} else if name != "" {
		n.names[i] = name
	}
	return i
}

// small is of within the width of a column; what does not fit is nothing.
func (n *names) small(key, name string) uint16 {
	if _, ok := n.index[key]; !ok && len(n.keys) > 0xFFFF {
		return 0
	}
	return uint16(n.of(key, name))
}

var (
	classNumber = map[casework.Class]uint8{}
	stateNumber = func() map[casework.State]uint8 {
		out := map[casework.State]uint8{}
		for i, s := range casework.States {
			out[s] = uint8(i)
		}
		return out
	}()
)

// The numbers of classes and states in a row.
var (
	cNone    = numberClass(casework.NoClass)
	cWaiting = numberClass(casework.Waiting)
	cInTime  = numberClass(casework.InTime)
	cNear    = numberClass(casework.NearDue)
	cOverdue = numberClass(casework.Overdue)
	cPaused  = numberClass(casework.PausedClass)
	cEarly   = numberClass(casework.Early)
	cOnTime  = numberClass(casework.OnTime)
	cLate    = numberClass(casework.Late)
	cRefused = numberClass(casework.RefusedClass)
	cWithdrw = numberClass(casework.WithdrawnClass)
	cStopped = numberClass(casework.StoppedClass)
	cNoDue   = numberClass(casework.NoDue)

	sWaiting = stateNumber[casework.NotAccepted]
	sRunning = stateNumber[casework.Processing]
	sPaused  = stateNumber[casework.Paused]
)

func numberClass(c casework.Class) uint8 {
	n := uint8(len(classNumber))
	classNumber[c] = n
	return n
}

var channelNumber = map[casework.Channel]uint8{casework.UnknownChannel: 0, casework.Direct: 1, casework.Online: 2, casework.Post: 3}

var channels = []casework.Channel{casework.UnknownChannel, casework.Direct, casework.Online, casework.Post}

// put takes a line; one that is older than what is known is passed over.
func (c *columns) put(l *casework.Line) {
	if l.N <= 0 {
		return
	}
	for int(l.N) >= len(c.chunks)*chunk {
		p := new([chunk]row)
		for i := range p {
			p[i].state = none
		}
		c.chunks = append(c.chunks, p)
	}
	r := &c.chunks[int(l.N)/chunk][int(l.N)%chunk]
	if r.state == none {
		c.files++
	} else if r.flags&synthetic != 0 {
		c.synth--
	}
	if r.flags&overflow != 0 {
		c.ways.free(r.due)
	}
	*r = row{
		received: l.Received, due: l.Due, ended: l.Ended, officer: c.people.of(l.Officer, l.OfficerName), unit: c.units.small(l.Unit, ""),
		procedure: c.procs.small(l.Procedure, l.ProcedureName), field: c.fields.small(l.Field, l.FieldName),
		channel: channelNumber[l.Channel], state: stateNumber[l.State], outcome: classNumber[l.Outcome],
	}
	if l.Digitized != nil {
		r.flags |= known
		if *l.Digitized {
			r.flags |= digitized
		}
	}
	if l.Synthetic {
		r.flags |= synthetic
		c.synth++
	}
	if !l.Plain {
		r.flags |= overflow
		r.due = c.ways.put(l)
	}
}

// moment is an instant with what is near then.
type moment struct{ at, until int64 }

// standing is the class of a running file.
func (m moment) standing(due int64) uint8 {
	switch {
	case due == 0:
		return cNoDue
	case m.at > due:
		return cOverdue
	case due <= m.until:
		return cNear
	}
	return cInTime
}

// class is the class of a file at an instant.
func (c *columns) class(r *row, m moment) uint8 {
	if r.flags&overflow != 0 {
		return c.winding(r, m)
	}
	switch {
	case r.received > m.at:
		return cNone
	case r.ended != 0 && r.ended <= m.at:
		return r.outcome
	}
	return m.standing(r.due)
}

// winding is class of a file that was paused, waited, or had several dates.
func (c *columns) winding(r *row, m moment) uint8 {
	w := c.ways.at(r.due)
	turns := w.turns()
	i := len(turns) - 1
	for i >= 0 && turns[i]>>3 > m.at {
		i--
	}
	if i < 0 {
		return cNone
	}
	switch state := uint8(turns[i] & 7); state {
	case sWaiting:
		return cWaiting
	case sPaused:
		return cPaused
	case sRunning:
		return m.standing(w.dueAt(m.at))
	default:
		if r.ended != 0 && r.ended <= m.at {
			return r.outcome
		}
		return w.ended(state, turns[i]>>3) // it was opened again since
	}
}

// each visits every file; the lock is held.
func (c *columns) each(visit func(r *row)) {
	for _, p := range c.chunks {
		for j := range p {
			if p[j].state != none {
				visit(&p[j])
			}
		}
	}
}
