import { testExchange } from "../support/exchange.ts";

/** b waits for all wills. */
const WATCHER = `
  b> CONNECT
  b< CONNACK
  b> SUBSCRIBE id=1 # qos=2 retainAsPublished
  b< SUBACK id=1 2
`;
/** a has a will with a delay of 30 seconds in a session of 60. */
const DELAYED = `${WATCHER}
  a> CONNECT sessionExpiryInterval=60 will.topic=w will.payload=gone will.willDelayInterval=30
  a< CONNACK
`;

testExchange(
  "A will carries all that it was given, in order, and is published when the link is lost " +
    "[MQTT-3.1.2-7] [MQTT-3.1.2-8] [MQTT-3.1.2-14] [MQTT-3.1.3-10]",
  `${WATCHER}
  a> CONNECT will.topic=w/1 will.qos=2 will.payload=gone will.contentType=c will.responseTopic=r
  +    will.correlationData=0x00ff will.payloadFormatIndicator=1 will.messageExpiryInterval=9
  +    will.user:b=1 will.user:a=2 will.user:b=3
  a< CONNACK
  a x
  b< PUBLISH w/1 qos=2 id=1 gone contentType=c responseTopic=r correlationData=0x00ff
  +    payloadFormatIndicator=1 messageExpiryInterval=9 user:b=1 user:a=2 user:b=3
  `,
);

testExchange(
  "A will with RETAIN is kept for those who come later, and an empty one removes what is kept " +
    "[MQTT-3.1.2-15] [MQTT-3.1.2-14]",
  `${WATCHER}
  a> CONNECT will.topic=w will.payload=gone will.retain
  a< CONNACK
  a x
  b< PUBLISH w retain gone
  c> CONNECT
  c< CONNACK
  c> SUBSCRIBE id=1 w
  c< SUBACK id=1 0
  c< PUBLISH w retain gone
  a> CONNECT will.topic=w will.payload=not-kept
  a< CONNACK
  a x
  b< PUBLISH w not-kept
  c< PUBLISH w not-kept
  c> SUBSCRIBE id=2 w
  c< SUBACK id=2 0
  c< PUBLISH w retain gone
  a> CONNECT will.topic=w will.retain
  a< CONNACK
  a x
  b< PUBLISH w retain
  c< PUBLISH w
  c> SUBSCRIBE id=3 w
  c< SUBACK id=3 0
  `,
);

const endings: [what: string, ending: string, isPublished: boolean][] = [
  [
    "DISCONNECT 0x00 discards it [MQTT-3.14.4-3] [MQTT-3.1.2-10]",
    "a> DISCONNECT\na! closed",
    false,
  ],
  [
    "DISCONNECT 0x04 asks for it [MQTT-3.1.2-8]",
    "a> DISCONNECT DisconnectWithWillMessage\na! closed",
    true,
  ],
  ["any other DISCONNECT publishes it", "a> DISCONNECT UnspecifiedError\na! closed", true],
  ["the link is lost [MQTT-3.1.2-8]", "a x", true],
  [
    "a Malformed Packet publishes it [MQTT-3.1.2-8]",
    "a> hex 36 00\na< DISCONNECT MalformedPacket\na! closed",
    true,
  ],
  [
    "a Protocol Error publishes it [MQTT-3.1.2-8]",
    "a> CONNECT\na< DISCONNECT ProtocolError\na! closed",
    true,
  ],
  [
    "being taken over publishes it [MQTT-3.1.2-8]",
    "a2> CONNECT clientId=a\na< DISCONNECT SessionTakenOver\na! closed\na2< CONNACK",
    true,
  ],
];
for (const [what, ending, isPublished] of endings) {
  testExchange(
    `A will: ${what}`,
    `${WATCHER}
    a> CONNECT will.topic=w will.payload=gone
    a< CONNACK
    ${ending}
    ${isPublished ? "b< PUBLISH w gone" : "b< nothing"}
    a> CONNECT          (and it is published once)
    ${what.startsWith("being") ? "a2< DISCONNECT SessionTakenOver\na2! closed" : ""}
    a< CONNACK
    a x
    wait 1h
    `,
  );
}

testExchange(
  "The delay passes before a will is published [MQTT-3.1.2-8]",
  `${DELAYED}
  a x
  wait 29999ms
  b< nothing
  wait 1ms
  b< PUBLISH w gone
  a> CONNECT
  a< CONNACK sessionPresent
  a x
  wait 1h
  `,
);

testExchange(
  "Who resumes within the delay has not died: no will; the next CONNECT brings its own " +
    "[MQTT-3.1.3-9]",
  `${DELAYED}
  a x
  wait 29s
  a> CONNECT sessionExpiryInterval=60
  a< CONNACK sessionPresent
  wait 1h
  a x
  wait 1h
  b< nothing
  `,
);

testExchange(
  "Taking over within the session keeps a delayed will from being published [MQTT-3.1.3-9]",
  `${DELAYED}
  a2> CONNECT clientId=a sessionExpiryInterval=60
  a< DISCONNECT SessionTakenOver
  a! closed
  a2< CONNACK sessionPresent
  wait 1h
  b< nothing
  `,
);

testExchange(
  "A session that ends before the delay has passed takes its will along: published at once " +
    "[MQTT-3.1.2-8]",
  `${WATCHER}
  a> CONNECT sessionExpiryInterval=20 will.topic=w will.payload=gone will.willDelayInterval=30
  a< CONNACK
  a x
  wait 19999ms
  b< nothing
  wait 1ms
  b< PUBLISH w gone
  wait 1h
  `,
);

testExchange(
  "Clean Start ends the session, so its delayed will is published [MQTT-3.1.2-8] [MQTT-3.1.2-4]",
  `${DELAYED}
  a x
  wait 10s
  a> CONNECT cleanStart
  a< CONNACK
  b< PUBLISH w gone
  `,
);

testExchange(
  "Taking over with Clean Start ends the session, so its delayed will is published [MQTT-3.1.2-8]",
  `${DELAYED}
  a2> CONNECT clientId=a cleanStart
  a< DISCONNECT SessionTakenOver
  a! closed
  b< PUBLISH w gone
  a2< CONNACK
  `,
);

testExchange(
  "DISCONNECT 0x04 with Session Expiry Interval 0 ends the session, so the will does not wait",
  `${DELAYED}
  a> DISCONNECT DisconnectWithWillMessage sessionExpiryInterval=0
  a! closed
  b< PUBLISH w gone
  `,
);

testExchange(
  "A session without a life of its own does not delay its will",
  `${WATCHER}
  a> CONNECT will.topic=w will.payload=gone will.willDelayInterval=30
  a< CONNACK
  a x
  b< PUBLISH w gone
  `,
);

testExchange(
  "A delayed will's Message Expiry Interval begins when it is published",
  `${WATCHER}
  a> CONNECT sessionExpiryInterval=60 will.topic=w will.payload=gone will.willDelayInterval=30
  +    will.messageExpiryInterval=5
  a< CONNACK
  a x
  wait 30s
  b< PUBLISH w gone messageExpiryInterval=5
  `,
);

testExchange(
  "Under a mount point too nobody leaves a will that its clients would take for the broker's own word",
  `
  b> CONNECT
  b< CONNACK
  b> SUBSCRIBE id=1 $SYS/#
  b< SUBACK id=1 0
  a> CONNECT v=4 will.topic=$SYS/broker/version will.payload=forged
  a< CONNACK
  a x
  b< nothing
  dropped reserved_topic=1
  `,
  { listener: { mountPoint: "site/" } },
);

testExchange(
  "A will is published at a QoS that the listener allows, under its mount point",
  `${WATCHER}
  a> CONNECT v=4 will.topic=w will.qos=2 will.payload=gone
  a< CONNACK
  a x
  b< PUBLISH in/w qos=1 id=1 gone
  `,
  { listeners: { a: { maxQos: 1, mountPoint: "in/" } } },
);

testExchange(
  "A will for the broker's own topics is dropped, and counted, as a PUBLISH there is",
  `${WATCHER}
  b> SUBSCRIBE id=2 $SYS/#
  b< SUBACK id=2 0
  a> CONNECT will.topic=$SYS/broker/version will.payload=mine will.retain
  a< CONNACK
  a x
  c> CONNECT will.topic=$SYSTEM will.payload=c
  c< CONNACK
  c> SUBSCRIBE id=1 $SYS/#
  c< SUBACK id=1 0
  dropped reserved_topic=1
  `,
);

testExchange(
  "A will that is larger than messages may be is refused with 0x95, before 5.0 with 5",
  `
  a> CONNECT will.topic=w will.payload=tenletters
  a< CONNACK
  b> CONNECT will.topic=w will.payload=elevenbytes
  b< CONNACK PacketTooLarge
  b! closed
  c> CONNECT v=4 will.topic=w will.payload=elevenbytes
  c< CONNACK 5
  c! closed
  dropped message_size_limit=2
  `,
  { options: { messageSizeLimitBytes: 10 } },
);

testExchange(
  "A will that its client may not publish is dropped, and counted",
  `${WATCHER}
  a> CONNECT will.topic=w will.payload=gone
  a< CONNACK
  a x
  dropped not_authorized=1
  `,
  { access: { checksTopics: true, mayPublish: (_client, topicName) => topicName !== "w" } },
);
