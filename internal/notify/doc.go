// Package notify takes a message and an audience and makes deliveries of it:
// a line in the person's inbox, an e-mail, a text through a gateway, a push
// to the browser, an event for another program. It knows nothing of alerts;
// who should hear is the caller's business (see package duty).
//
// A message is queued in the caller's transaction, so that it exists exactly
// when what it tells of does; its key makes a second call do nothing. A
// delivery is claimed before it is sent and marked afterwards: one that was
// in flight when the program died goes out again, with the same idempotency
// key, and nothing else does. A channel that hangs or fails holds up no
// other. Deliveries live in real time (Options.Clock): a gateway does not run
// faster because a replay does.
//
// Tables: notify_channel, notify_contact, notify_message, notify_delivery,
// notify_inbox, notify_push, notify_key. Facts: ioc.notify.{queued, failed,
// retried}.<message or delivery>, ioc.notify.channel_{created, updated,
// deleted}.<channel>, ioc.notify.tested.<channel>, ioc.notify.{contact_updated,
// subscribed, unsubscribed}.<user>.
package notify
