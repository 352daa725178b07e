import type { Difference } from "./differences.ts";

/** Where two nodes of a cluster answer otherwise than one broker. */
// deno-fmt-ignore
export const TWO_NODES_DIFFERENCES: readonly Difference[] = [
  { cases: /^04-retain-qos1-qos0 v5/, ours: /PUBACK packetId=1 Success [^<]*< PUBLISH [^\n]* retain [^\n]*\n {2}a< SUBACK/, why: "both of what follows" },
  { cases: /^(PUBLISH to \$(share|foo)|03-publish-qos1-no-subscribers|(max_packet_size 100|message_size_limit 20): just so large) v5/, ours: /PUBACK packetId=1 Success \(0x00\)$/, why: "nobody knows whether another node has a subscriber" },
  { cases: /^09-acl-access-variants: (from (out|other|tree\/never|named\/both)|patterns) v5/, ours: /PUBACK packetId=\d+ Success \(0x00\)/, why: "the same: who may not read is nobody whom a message reaches" },
  { cases: /^01-connect-max-connections v5/, ours: /c8< CONNACK Success \(0x00\)/, why: "the limits of a listener are its node's own" },
  { cases: /^03-publish-qos2-dup v5|: 03-publish-qos2-max-inflight v5/, ours: /PUBREC packetId=\d+ Success \(0x00\)\n/, why: "the same" },
  { cases: /: 03-publish-qos2-max-inflight-exceeded v5/, ours: /PUBREC packetId=20 Success .*DISCONNECT ReceiveMaximumExceeded \(0x93\)\n {2}a< closed$/s, why: "the same" },
  { cases: /^(04-retain-(qos0,|qos1-qos0|clear-multiple)|02-subpub-qos0-send-retain|a retained (message (of|for three|with)|will)|retained messages below|upgrade_outgoing_qos true: 04-|10-listener-mount-point)/, ours: /< PUBLISH [^\n]* retain [^\n]*\n {2}\w+< SUBACK/, why: "SUBACK waits for the log, and what is retained does not: 3.8.4 allows that; so at one broker with a store where the session is stored" },
  { cases: /^11-persistent-subscription v/, ours: /"2" qos=2 [^\n]*\n {2}c< PUBLISH packetId=1 payload="1" qos=1/, why: "what waits for the log leaves with CONNACK, all else behind it: order is kept for each QoS [MQTT-4.6.0-5]; so at one broker with a store" },
  { cases: /^02-shared-qos0/, ours: /payload="[24]"/, why: "the nodes choose a member by lot, each of them as often as it has members", isChance: true },
  { cases: /^max_inflight_messages 1: 03-publish-qos1-max-inflight v5/, ours: /b< DISCONNECT ReceiveMaximumExceeded \(0x93\)\n {2}b< closed/, why: "the client sends more than the Receive Maximum [MQTT-3.3.4-7]; one broker has acknowledged the first when it reads the next" },
];
