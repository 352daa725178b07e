import type { BrokerOptions } from "../broker/mod.ts";
import type { Option } from "./option.ts";
import {
  brokerRows,
  BYTES,
  BYTES_OR_MINUS_ONE,
  choice,
  COUNT,
  COUNT_OR_MINUS_ONE,
  integer,
  processRows,
} from "./rows.ts";

const brokerRow = brokerRows("Clients and sessions");
const processRow = processRows("Clients and sessions");

/** A limit per second. Open connections keep the limit that they began with. */
function rateRow(
  name: string,
  key: Extract<keyof BrokerOptions, `max${string}Rate`>,
  description: string,
  unit: string,
): Option {
  return brokerRow(name, key, COUNT, `${description}; 0: no limit.`, { unit });
}

/** How many clients and sessions there may be, and for how long. */
export const CLIENT_OPTIONS: readonly Option[] = [
  brokerRow(
    "global_max_connections",
    "globalMaxConnections",
    COUNT_OR_MINUS_ONE,
    "Clients that may be connected at once, over all listeners; -1: no limit.",
    { unit: "connections" },
  ),
  brokerRow(
    "max_sessions",
    "maxSessions",
    COUNT,
    "The most sessions, connected or not; 0: no limit.",
    { unit: "sessions" },
  ),
  brokerRow(
    "max_sessions_per_user",
    "maxSessionsPerUser",
    COUNT_OR_MINUS_ONE,
    "The most sessions of one user, or of one address for clients without a user name; 0: no limit; -1: half of `max_sessions`.",
    { unit: "sessions" },
  ),
  brokerRow(
    "session_owner",
    "sessionOwner",
    choice("replace", "refuse", "any"),
    "What happens if a client connects with the Client Identifier of another owner's session (another user, certificate or mount point) while that owner is away: `replace` ends the session and begins a new one, `refuse` refuses the client, `any` gives it the session. While the owner is connected, only `any` does not refuse the client.",
  ),
  brokerRow(
    "max_subscriptions",
    "maxSubscriptions",
    COUNT,
    "The most subscriptions of one session; 0: no limit.",
    { unit: "subscriptions" },
  ),
  brokerRow(
    "max_subscription_bytes",
    "maxSubscriptionBytes",
    BYTES,
    "The most memory for the subscriptions of one session: each counts 400 bytes and twice its filter; 0: no limit.",
    { unit: "bytes" },
  ),
  brokerRow(
    "max_total_subscription_bytes",
    "maxTotalSubscriptionBytes",
    BYTES_OR_MINUS_ONE,
    "The same for all sessions together; 0: no limit; -1: 256 MiB, or a quarter of V8's heap where that is less.",
    { unit: "bytes" },
  ),
  rateRow(
    "max_client_connection_rate",
    "maxClientConnectionRate",
    "The most connections of one Client Identifier; later ones are answered later",
    "connections per second",
  ),
  rateRow(
    "max_client_publish_rate",
    "maxClientPublishRate",
    "The most PUBLISH packets of one connection; the rest is read later",
    "packets per second",
  ),
  rateRow(
    "max_client_byte_rate",
    "maxClientByteRate",
    "The most bytes of one connection; the rest is read later",
    "bytes per second",
  ),
  rateRow(
    "max_address_connection_rate",
    "maxAddressConnectionRate",
    "The most connections of one address; further ones are read later, or closed if they would wait half a minute",
    "connections per second",
  ),
  rateRow(
    "max_address_publish_rate",
    "maxAddressPublishRate",
    "The most PUBLISH packets of one address; the rest is read later",
    "packets per second",
  ),
  rateRow(
    "max_address_byte_rate",
    "maxAddressByteRate",
    "The most bytes of one address; the rest is read later",
    "bytes per second",
  ),
  brokerRow(
    "max_keepalive",
    "maxKeepAliveSeconds",
    integer(0, 65_535),
    "The longest Keep Alive. For a 5.0 client a longer one, or none, is lowered to it, and CONNACK says so; a client before 5.0 is refused with code 2; 0: no limit.",
    { unit: "seconds" },
  ),
  brokerRow(
    "max_session_expiry",
    "maxSessionExpirySeconds",
    integer(0, 4_294_967_295),
    "The longest Session Expiry Interval that a 5.0 client is granted; 0: no limit.",
    { unit: "seconds" },
  ),
  brokerRow(
    "persistent_client_expiration",
    "persistentClientExpirationSeconds",
    { kind: "duration" },
    "How long the session of a client that stays away is kept: a number and s, h, d, w, m (30 days) or y, or never.",
  ),
  brokerRow(
    "will_recovery_delay",
    "willRecoveryDelaySeconds",
    integer(0, 4_294_967_295),
    "How long a client that was connected when the broker crashed may take to reconnect before its will is published; " +
      "0: it is published at once.",
    { unit: "seconds" },
  ),
  brokerRow(
    "connect_timeout",
    "connectTimeoutSeconds",
    integer(1, 65_535),
    "How long a new connection may take to send its CONNECT.",
    { unit: "seconds" },
  ),
  processRow(
    "max_connecting_bytes",
    "maxConnectingBytes",
    BYTES,
    "The most bytes of unfinished packets and unanswered CONNECTs of all clients that are not connected yet; above it " +
      "the oldest connections are closed; 0: no limit.",
    { unit: "bytes" },
  ),
  processRow(
    "max_unfinished_bytes",
    "maxUnfinishedBytes",
    BYTES,
    "The most bytes of unfinished packets of all connected clients; above it the others wait for the oldest, which is " +
      "disconnected if it is slow; 0: no limit.",
    { unit: "bytes" },
  ),
  processRow(
    "packet_timeout",
    "packetTimeoutSeconds",
    integer(0, 65_535),
    "How long a packet of more than 512 bytes may take from its first byte to its last; 0: no limit.",
    { unit: "seconds" },
  ),
  brokerRow(
    "send_timeout",
    "sendTimeoutSeconds",
    integer(1, 65_535),
    "How long a client may leave what is sent to it unread before it is disconnected.",
    { unit: "seconds" },
  ),
  brokerRow(
    "response_information",
    "responseInformation",
    { kind: "topic" },
    "The prefix of the Response Information for 5.0 clients that ask for it; their Client Identifier follows.",
  ),
];
