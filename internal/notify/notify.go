package notify

import (
	"encoding/json"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/msg"
)

// Recipient is one person addressed.
type Recipient struct {
	User  string `json:"user,omitempty"`
	Name  string `json:"name"`
	Unit  string `json:"unit,omitempty"`
	Email string `json:"email,omitempty"` // of a person without a contact page
	Phone string `json:"phone,omitempty"`
	Level int    `json:"level,omitempty"` // 1 focal, 2 unit leader, 3 IOC shift, 4 city leader
}

// Message is what is to be said, and to whom.
type Message struct {
	Key      string // idempotency: a second Enqueue with the same Key does nothing
	Topic    string // one of Topics
	Severity alertevent.Severity
	Service  string
	Unit     string // code of the unit addressed
	Title    msg.Text
	Text     msg.Text
	Link     string // address in the UI: "/alerts/<id>"
	Alert    string // ids it speaks of
	Incident string
	Task     string
	Data     any // for webhooks: the data of the CloudEvent
	To       []Recipient
}

// The topics a message can be of; channels and people choose among them.
const (
	TopicAlert      = "alert"
	TopicEscalation = "escalation"
	TopicTask       = "task"
	TopicDirective  = "directive"
	TopicDigest     = "digest"
	TopicDuty       = "duty"
	TopicTest       = "test"
)

// Topics are all topics, in the order of a form.
var Topics = []string{TopicAlert, TopicEscalation, TopicTask, TopicDirective, TopicDigest, TopicDuty, TopicTest}

// The kinds of channels.
const (
	InApp   = "inapp"
	Email   = "email"
	Webhook = "webhook"
	HTTP    = "http" // a gateway described by a template: SMS, Zalo, Telegram
	WebPush = "webpush"
)

// The states of a delivery.
const (
	Waiting  = "waiting"
	Sending  = "sending"
	Sent     = "sent"
	Failed   = "failed"   // given up; may be tried again by hand
	Dropped  = "dropped"  // could never be sent: no address, or the channel is gone
	Digested = "digested" // said in another delivery, together with others
)

// Channel is one way out.
type Channel struct {
	ID            string              `json:"id"`
	Name          string              `json:"name"`
	Kind          string              `json:"kind"`
	Enabled       bool                `json:"enabled"`
	MinSeverity   alertevent.Severity `json:"min_severity"`
	Topics        []string            `json:"topics"` // none: all
	Units         []string            `json:"units"`  // none: all
	Config        json.RawMessage     `json:"config"`
	RatePerMinute int                 `json:"rate_per_minute"` // 0: no limit
	DigestMinutes int                 `json:"digest_minutes"`  // 0: at once
	Created       time.Time           `json:"created"`
	Changed       time.Time           `json:"changed"`

	lastOK, lastErrorAt time.Time
	lastError           string
}

// Contact is how a person wants to be reached.
type Contact struct {
	User     string          `json:"-"`
	Email    string          `json:"email"`
	Phone    string          `json:"phone" doc:"as typed; kept as +84905123456"`
	Lang     msg.Lang        `json:"lang" enum:"vi,en"`
	Channels map[string]Wish `json:"channels" required:"false" doc:"by id of a channel, or by kind; what is not named is wanted"`
	Quiet    *Quiet          `json:"quiet" required:"false" doc:"null: none"`
}

// Wish is what a person wants of one channel, or of all of one kind.
type Wish struct {
	Enabled     bool                `json:"enabled"`
	MinSeverity alertevent.Severity `json:"min_severity,omitempty" doc:"0: all"`
}

// Quiet are the hours in which only what is grave enough comes through; the
// rest waits until they end.
type Quiet struct {
	From        string              `json:"from"` // "22:00", local
	To          string              `json:"to"`   // "06:00"
	MinSeverity alertevent.Severity `json:"min_severity"`
}

// Delivery is one message on its way to one person by one channel.
type Delivery struct {
	ID          string              `json:"id"`
	Message     string              `json:"message"`
	Channel     string              `json:"channel"`
	ChannelName string              `json:"channel_name"`
	Kind        string              `json:"kind"`
	To          string              `json:"to" doc:"name of the person and where to, partly hidden"`
	State       string              `json:"state" enum:"waiting,sending,sent,failed,dropped,digested"`
	Attempts    int                 `json:"attempts"`
	NextAt      *time.Time          `json:"next_at"`
	LastError   string              `json:"last_error"`
	SentAt      *time.Time          `json:"sent_at"`
	At          time.Time           `json:"at"`
	Title       msg.Text            `json:"title"`
	Severity    alertevent.Severity `json:"severity"`
	Alert       string              `json:"alert,omitempty"`
	Incident    string              `json:"incident,omitempty"`
	Task        string              `json:"task,omitempty"`
}
