/** Where this broker answers otherwise than another one, and why. A case that is in no table must be answered alike. */
export interface Difference {
  /** Names of cases, with the version at their end: `v3`, `v4` and `v5`. */
  readonly cases: RegExp;
  /** How this broker's answer ends. */
  readonly ours: RegExp;
  readonly why: string;
  /** The answers may be the same by chance. */
  readonly isChance?: true;
}

const CLOSED = /< closed$/;

/** From mosquitto 2.0.11. */
// deno-fmt-ignore
export const DIFFERENCES: readonly Difference[] = [
  { cases: /^(PINGREQ|PUBACK|PUBREC|PUBCOMP) with a flag v/, ours: CLOSED, why: "reserved flags are malformed [MQTT-2.1.3-1]; mosquitto's newer tests have that of PINGREQ closed as well" },
  { cases: /^(PINGREQ with a body|(PUBACK|PUBREC|PUBCOMP) with bytes too many) v/, ours: CLOSED, why: "the length is wrong; mosquitto's newer tests have that of PINGREQ closed as well" },
  { cases: /^(PINGRESP|SUBACK|UNSUBACK) v/, ours: CLOSED, why: "only a server sends these" },
  { cases: /^PUBLISH of QoS 0 with DUP v/, ours: CLOSED, why: "DUP must be 0 there [MQTT-3.3.1-2]" },
  { cases: /^(PUBACK|PUBREC|PUBCOMP) with Reason Code 0x55 v5/, ours: CLOSED, why: "0x55 is no Reason Code" },
  { cases: /^(PUBCOMP|PUBREL) with 0x80 v5|^PUBCOMP with Reason Code 0x80 v5/, ours: CLOSED, why: "0x80 is no Reason Code of these packets" },
  { cases: /^PUBLISH to a topic with U\+(0001|FFFF) v/, ours: /frame 30 [^\n]*$/, why: "such characters should not be there, but may be; mosquitto closes" },
  { cases: /^(PUBLISH of QoS \d to \$SYS|03-publish-dollar-v5: \$SYS\/broker\/(uptime|connection\/me)) v/, ours: /(frame 30 [^\n]*|PUBACK [^<]*|PUBREC [^<]*)$/, why: "refused by itself (0x87), and the connection goes on; mosquitto 2.0.11 answers the same and closes" },
  { cases: /^PUBLISH to \$share v/, ours: /PUBACK packetId=1/, why: "no rule forbids such a Topic Name; mosquitto refuses it and closes" },
  { cases: /^SUBSCRIBE to \$share\/(a|\/b|\+\/b|a\/) v[34]/, ours: /SUBACK .*\[128\]$/, why: "no filter of a shared subscription [MQTT-4.8.2-1]; mosquitto subscribes to it by letters" },
  { cases: /^SUBSCRIBE to \$share\/(a|\/b|\+\/b|a\/) v5/, ours: /SUBACK .*\[143\]$/, why: "the same; 5.0 has a Reason Code for it" },
  { cases: /^(SUBSCRIBE to (a#|#\/a|a\+|\+\+|a\/\+b\/c|p and a#)|UNSUBSCRIBE from a#) v5/, ours: /143\]$/, why: "one bad filter costs no connection in 5.0; mosquitto closes" },
  { cases: /^PUBREC (of an unknown id|with an empty section|with a reason) v5|^PUBREL (of an unknown id|with 0x92) v5/, ours: /PacketIdentifierNotFound/, why: "5.0 has a Reason Code for it" },
  { cases: /^(PUBREL|SUBSCRIBE|UNSUBSCRIBE) (without its flag|to nothing|from nothing) v3/, ours: CLOSED, why: "3.1 has QoS 1 in their first byte and a filter in the last two; mosquitto is strict from 3.1.1 on" },
  { cases: /^03-publish-qos2-dup v5/, ours: /PUBCOMP packetId=7 Success/, why: "PUBREC tells that nobody has subscribed, as PUBACK does" },
  { cases: /^PUBLISH with (Subscription Identifier|Response Topic \+|Response Topic that is empty) v5/, ours: CLOSED, why: "no client may send them [MQTT-3.3.4-6], and they are no Topic Names [MQTT-3.3.2-14]" },
  { cases: /^02-shared-nolocal v5/, ours: CLOSED, why: "a Protocol Error [MQTT-3.8.3-4]; mosquitto's newer tests have it closed as well" },
  { cases: /^CONNECT of 3.1 with QoS 3 in its first byte v3/, ours: CLOSED, why: "no packet has QoS 3, and TLS begins with this byte" },
  { cases: /^CONNECT with Maximum Packet Size 10 v5/, ours: CLOSED, why: "the CONNACK is larger, so it may not be sent [MQTT-3.1.2-24]" },
  { cases: /^CONNECT with Authentication Data alone v5/, ours: CLOSED, why: "a Protocol Error without Authentication Method" },
  { cases: /^three filters that match v/, ours: /payload="m" qos=2/, why: "one message, with the highest QoS [MQTT-3.3.4-2]; mosquitto 2.0.11 sends QoS 0 first" },
  { cases: /^11-subscription-id of two filters v5/, ours: /subscriptionIdentifiers=\[1,2\]/, why: "one message with both identifiers; mosquitto sends two" },
  { cases: /^(a filter of 300 slashes|02-subscribe-long-topic) v/, ours: /SUBACK .*\[(128|143)\]$/, why: "refused by itself; mosquitto closes" },
  { cases: /^a retained message for a shared subscription v5/, ours: /payload=0x qos=0|payload="" qos=0/, why: "shared subscriptions get no retained messages at first; in mosquitto so from 2.0.13 on" },
  { cases: /^07-will-takeover, kept then kept v/, ours: /payload="gone" [^\n]*\n {2}w< closed\n.*\n.*payload="ready" [^\n]*$/, why: "the connection is closed without DISCONNECT, so its will is published [MQTT-3.1.4-3] [MQTT-3.1.2-8]; mosquitto does so only where one of the two sessions is not kept" },
  { cases: /^a will and DISCONNECT with 0x80 v5/, ours: /payload="gone"/, why: "only 0x00 takes the will away [MQTT-3.1.2-10]" },
  { cases: /^07-will-delay-session-expiry: none v5/, ours: /payload="gone"/, why: "the session ends at once, and the will comes with its end [MQTT-3.1.2-8]; in mosquitto so from 2.0.23 on" },
  { cases: /^01-connect-uname(: (a user without password|a wrong password|an unknown user|an empty password|a user whose password is empty) at listener [23]|-password-denied-no-will) v[34]/, ours: /CONNACK .*\(0x04\)\n {2}\w+< closed$/, why: "a wrong password is answered with 4; mosquitto answers with 5" },
  { cases: /^01-connect-uname(: (a user without password|a wrong password|an unknown user|an empty password|a user whose password is empty) at listener [23]|-password-denied-no-will) v5/, ours: /CONNACK BadUserNameOrPassword .*\n {2}\w+< closed$/, why: "5.0 has a Reason Code for it" },
  { cases: /^09-acl-access-variants: (from (out|other|tree\/never|named\/both)|patterns) v5/, ours: /NoMatchingSubscribers \(0x10\)$/, why: "who may not read is nobody whom a message reaches" },
  { cases: /^messages of QoS 1 and 2: after v4/, ours: /"2" .*\n.*"4" .*\n.*"1" .*\n.*"3" .*$/, why: "a message of QoS 2 leaves when its Packet Identifier is on the disk, and those of QoS 1 do not wait for it: order is kept for each QoS [MQTT-4.6.0-5]" },
  { cases: /^11-subscription-id: after v5/, ours: /packetId=2 .*\[54\].*\n.*packetId=1 .*\[53\]/, why: "the same" },
  { cases: /^09-acl-change: after v4/, ours: /PUBLISH packetId=2 payload="3"/, why: "a message that may not be read takes no Packet Identifier" },
  { cases: /: 03-publish-qos2-max-inflight v5/, ours: /PUBREC packetId=312 NoMatchingSubscribers .*\n.*PUBCOMP packetId=312/, why: "PUBREC tells that nobody has subscribed, as PUBACK does" },
  { cases: /: 03-publish-qos2-max-inflight-exceeded v5/, ours: CLOSED, why: "more than the Receive Maximum [MQTT-3.3.4-7] is answered with 0x93; mosquitto's newer test has it closed as well" },
  { cases: /^10-listener-mount-point v/, ours: /a7< PUBLISH .*topicName="t"/, why: "a mount point is taken off again, as mosquitto's manual and its newer test have it; 2.0.11 leaves it there" },
  { cases: /^07-will-delay-recover with a clean start v5/, ours: /payload="gone"/, why: "the session ends, and the will comes with its end [MQTT-3.1.3-9]; mosquitto's newer test wants it as well" },
  { cases: /^12-prop-maximum-packet-size-publish-qos2 v5/, ours: /PUBLISH packetId=2 payload="789"/, why: "the first packet has 41 bytes; mosquitto 2.0.11 sends it, and its newer test wants it left out" },
  { cases: /^03-publish-dollar-v5: \$SYS\/broker\/connection\/me\/state v5/, ours: /NotAuthorized/, why: "the state of a bridge is taken from bridges alone" },
  { cases: /^03-publish-c2b-disconnect-qos2, PUBREC and PUBCOMP lost v/, ours: /k< PUBREC packetId=1 Success .*\n {2}a< PUBLISH packetId=1 payload="m" .*\nk x\n[^"]*"m" & PUBREL id=1\n[^"]*"n" & PUBREL id=1\n.*\n.*\n {2}a< PUBLISH packetId=2 payload="n" [^\n]*$/, why: "a QoS 2 message is passed on when it comes, and once; mosquitto waits for PUBREL" },
  { cases: /^03-publish-qos2-reuse-mid, for another topic v/, ours: /PUBCOMP packetId=312/, why: "a QoS 2 message is passed on when it comes, so a later one of its Packet Identifier is a repeat [MQTT-4.3.3-10]; mosquitto waits for PUBREL, and passes on the later one" },
  { cases: /^retain_available false: (a retained|03-).* v[34]/, ours: /CONNACK Success|PUBLISH|PUBACK/, why: "before 5.0 nobody can be told: the message is not retained, which is counted, and reaches subscribers; mosquitto closes" },
  { cases: /^max_qos [01]: (QoS \d published|a will of QoS 2) v[34]/, ours: /CONNACK Success|PUBREC|PUBACK/, why: "the QoS is lowered before 5.0; mosquitto closes" },
  { cases: /^max_qos 1: a will of QoS 2 v5/, ours: CLOSED, why: "a CONNACK that refuses tells no Maximum QoS here" },
  { cases: /^max_packet_size 100: a large CONNECT v/, ours: /CONNACK Success/, why: "max_connect_packet_size is the limit of CONNECT" },
  { cases: /^message_size_limit 20: (0[23]-|QoS 2)/, ours: /PUBLISH|PUBACK|PUBREC/, why: "a large message costs itself, and 0x97 tells so; mosquitto 2.0.11 answers with a Reason Code that PUBACK has not got, and closes" },
  { cases: /^max_keepalive 30: 01-connect-max-keepalive v[34]/, ours: CLOSED, why: "mosquitto refuses it from 2.0.12 on" },
  { cases: /^allow_zero_length_clientid false: .* v5/, ours: CLOSED, why: "0x85 says what is wrong; mosquitto 2.0.11 says 0x80" },
  { cases: /^max_inflight_bytes 10: /, ours: /packetId=2/, why: "the second message waits for the first, as mosquitto's manual has it; 2.0.11 sends it" },
];
