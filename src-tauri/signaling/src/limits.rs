//! Every limit and interval of the protocol, each with its unit. `docs/PROTOCOL.md` repeats them for other implementers.

use std::time::Duration;

/// Protocol version in the `hello` frame. A client that does not know the server's version closes the connection.
pub const VERSION: u16 = 1;

/// Largest WebSocket message in either direction, in bytes of UTF-8 text.
pub const MAX_FRAME_BYTES: usize = 64 * 1024;

/// Largest payload of a `send` or `deliver`, in bytes before base64url.
pub const MAX_PAYLOAD_BYTES: usize = 40 * 1024;

/// Longest human-readable `message` on a frame or reason on a close, in bytes. RFC 6455 §5.5 leaves 123 for a reason.
pub const MAX_MESSAGE_BYTES: usize = 123;

/// Sends a second that one connection may keep up.
pub const SENDS_PER_SECOND: u32 = 50;

/// Sends that one connection may make at once after a quiet time.
pub const SEND_BURST: u32 = 200;

/// Sends a second that all connections from one address may keep up together: one IPv4 address, or one IPv6 /64.
pub const SENDS_PER_SECOND_PER_ADDRESS: u32 = 100;

/// Sends that all connections from one address may make at once after a quiet time.
pub const SEND_BURST_PER_ADDRESS: u32 = 400;

/// Frames of any type a second that one connection may keep up; above it the connection is closed.
pub const FRAMES_PER_SECOND: u32 = 200;

/// Frames of any type that one connection may send at once after a quiet time.
pub const FRAME_BURST: u32 = 1000;

/// Sends of one connection whose `result` is still open; a further one is answered `busy`.
pub const MAX_OPEN_SENDS: u32 = 64;

/// Payloads that are queued for one registered key and not yet written to its connection, in bytes of base64url and
/// [`DELIVERY_OVERHEAD_BYTES`] each. For a further one, the oldest goes of the origin that has most of them. Its sender hears
/// `offline` like everyone, not `busy`: that would tell that somebody is there.
pub const MAX_QUEUED_BYTES_PER_KEY: u64 = 1024 * 1024;

/// The same for all keys of one server.
pub const MAX_QUEUED_BYTES: u64 = 32 * 1024 * 1024;

/// What a payload counts for in a queue beside its text, in bytes.
pub const DELIVERY_OVERHEAD_BYTES: usize = 512;

/// Deliveries, counted as in a queue, that are written to one connection ahead of a sign that earlier ones came through: what a line
/// of 5 Mbit/s carries in a fifth of a second. What comes after them is still in a queue, where everybody gets their turn.
pub const MAX_UNSEEN_BYTES: u64 = 128 * 1024;

/// Deliveries written to one connection whose answer is waited for; of more, the oldest of the origin that has most counts as
/// refused.
pub const MAX_UNANSWERED_DELIVERIES: u64 = 256;

/// Largest payload of a `leave`, in bytes before base64url: the smaller size of an envelope.
pub const MAX_NOTE_BYTES: usize = 12 * 1024;

/// How long a note is kept for somebody who is not there, and how long after they left notes are taken for them.
pub const NOTES_KEPT: Duration = Duration::from_secs(3 * 86_400);

/// Notes that are kept for one key; for a further one, the oldest goes of the address that most of these came from.
pub const MAX_NOTES_PER_KEY: usize = 16;

/// Notes that are kept for one key of those that came from one address; a further one takes the place of the oldest.
pub const MAX_NOTES_PER_SENDER: usize = 4;

/// Notes that are kept for all keys together of those that came from one address: one IPv4 address, or one IPv6 /64. A further one
/// takes the place of the oldest.
pub const MAX_NOTES_PER_ORIGIN: usize = 512;

/// Notes that one server keeps; for a further one, the oldest goes of the address that most came from.
pub const MAX_NOTES: usize = 4096;

/// Keys that one server remembers as having been registered lately, beside those that are registered now. For a further one, the
/// oldest goes of the address that most registered from; as long as there is room, one address may fill it.
pub const MAX_KNOWN_KEYS: usize = 100_000;

/// Connections from one address at a time that are no WebSockets yet: one IPv4 address, or one IPv6 /64. For a further one the
/// oldest of that address is dropped.
pub const MAX_HALF_OPEN_PER_ADDRESS: u32 = 64;

/// Connections to one server at a time that are no WebSockets yet. For a further one the oldest of all is dropped.
pub const MAX_HALF_OPEN: u32 = 1024;

/// WebSockets from one address at a time: one IPv4 address, or one IPv6 /64. A further one takes the place of one of the same
/// address that is not registered and has asked for nothing for [`IDLE_AFTER`], or is refused.
pub const MAX_CONNECTIONS_PER_ADDRESS: u32 = 128;

/// WebSockets to one server at a time. A further one takes the place of one of the address that has most, where that is left with as
/// many as the newcomer's address then has, or is refused.
pub const MAX_CONNECTIONS: u32 = 20_000;

/// A WebSocket that is not registered and has asked for nothing for this long gives way to another of its address, where that has
/// [`MAX_CONNECTIONS_PER_ADDRESS`]. Longer than a client takes to register.
pub const IDLE_AFTER: Duration = Duration::from_secs(5);

const _: () = assert!(IDLE_AFTER.as_millis() > ATTEMPT_TIMEOUT.as_millis());

/// [`MAX_HALF_OPEN_PER_ADDRESS`] of the server inside the app.
pub const EMBEDDED_HALF_OPEN_PER_ADDRESS: u32 = 16;

/// [`MAX_HALF_OPEN`] of the server inside the app.
pub const EMBEDDED_HALF_OPEN: u32 = 64;

/// [`MAX_CONNECTIONS_PER_ADDRESS`] of the server inside the app.
pub const EMBEDDED_CONNECTIONS_PER_ADDRESS: u32 = 32;

/// [`MAX_CONNECTIONS`] of the server inside the app.
pub const EMBEDDED_CONNECTIONS: u32 = 256;

/// Most names (audiences) that a server may be known by, beside the address a client reached it at.
pub const MAX_NAMES: usize = 8;

/// A connection must have finished its HTTP upgrade, or taken its answer and closed, within this time of being accepted.
pub const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);

/// A `send` that nobody has taken by an `ack` is answered `offline` this long after it came, and never earlier: whether the
/// key is not registered, its app refused, or said nothing, looks the same to the sender.
pub const OFFLINE_AFTER: Duration = Duration::from_secs(2);

/// One write to a peer must be taken by the network within this time, or the connection is dropped as too slow.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// The server pings a connection it has heard nothing from for this long. A client that pings more often is never pinged.
pub const SERVER_PING_AFTER: Duration = Duration::from_secs(15);

/// A client pings its server this often.
pub const CLIENT_PING_EVERY: Duration = Duration::from_secs(10);

/// Either side drops a connection it has heard nothing from for this long.
pub const DEAD_AFTER: Duration = Duration::from_secs(25);

/// The server closes a connection that neither is registered nor has sent anything for this long.
pub const ANONYMOUS_IDLE: Duration = Duration::from_secs(120);

/// A stopping server waits this long for its connections to take their goodbye.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);

/// A client gives one attempt to reach one server this long.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(4);

/// What a client sends has failed when none of several servers delivered it within this time, reaching them included; and never
/// earlier, whatever they answer: what is done then, a further try say, must not show one server what another one answered.
pub const DELIVERY_TIMEOUT: Duration = Duration::from_secs(5);

/// A client that sends along a route that worked tries the others too when that has not delivered after this time, and not
/// earlier: longer than most ways there and back.
pub const ROUTE_PATIENCE: Duration = Duration::from_millis(750);

/// A client that asked a server for a sign of life, because it sends something or the network changed, gives the connection
/// up when none came within this time.
pub const LINK_PATIENCE: Duration = Duration::from_millis(1500);

/// A client closes a sending connection that was not used for this long.
pub const COURIER_IDLE: Duration = Duration::from_secs(60);

/// Payloads that a client has on their way to one recipient at a time.
pub const COURIER_WINDOW: usize = 16;

/// Payloads that a client keeps waiting for one recipient; a further one is refused.
pub const COURIER_QUEUE: usize = 256;

/// First wait before a client connects again, before jitter.
pub const BACKOFF_MIN: Duration = Duration::from_millis(250);

/// Longest wait before a client connects again, before jitter.
pub const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// A connection that lasted this long resets the wait to [`BACKOFF_MIN`].
pub const BACKOFF_RESET_AFTER: Duration = Duration::from_secs(10);

/// How long one address of a name may stay without an answer before the next is tried too (RFC 8305 §5).
pub const ADDRESS_STAGGER: Duration = Duration::from_millis(250);

/// Most people that one announcement on the local network can be meant for: one packet has room for no more.
pub const MAX_TAGS: usize = 104;

/// How long TURN credentials are good for unless the server is told otherwise. A call that lasts longer has had new ones.
pub const TURN_TTL: Duration = Duration::from_secs(12 * 3600);

/// Shortest time that TURN credentials can be good for.
pub const TURN_TTL_MIN: Duration = Duration::from_secs(10);

/// Longest time that TURN credentials can be good for.
pub const TURN_TTL_MAX: Duration = Duration::from_secs(7 * 86_400);

/// Names under which all who register from one address (one IPv4 address, or one IPv6 /64) use a TURN server: each has a quota there.
pub const TURN_NAMES_PER_ORIGIN: u64 = 4;

/// Most STUN and TURN entries that a client takes from a server, and most URLs in each.
pub const MAX_ICE_SERVERS: usize = 8;
