import { testExchange } from "../support/exchange.ts";

/** a reads all, also what comes while it is away. */
const TWO = `
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK
  a> SUBSCRIBE id=1 # qos=1
  a< SUBACK id=1 1
  b> CONNECT
  b< CONNACK
`;

testExchange(
  "What a message carries arrives unaltered and in order, sent at once, queued or retained " +
    "[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20]",
  `${TWO}
  b> PUBLISH t retain qos=1 id=1 payloadFormatIndicator=1 contentType="text/plain" responseTopic=r
  +    correlationData=0x00ff00 user:b=1 user:a=2 user:b=3 user:a=2 "ü"
  b< PUBACK id=1
  a< PUBLISH t qos=1 id=1 payloadFormatIndicator=1 contentType="text/plain" responseTopic=r
  +    correlationData=0x00ff00 user:b=1 user:a=2 user:b=3 user:a=2 "ü"
  a> PUBACK id=1
  a x
  b> PUBLISH t qos=1 id=2 payloadFormatIndicator=0 responseTopic=r correlationData=0x user:b=1 user:a=2
  b< PUBACK id=2
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=2 payloadFormatIndicator=0 responseTopic=r correlationData=0x user:b=1 user:a=2
  a> PUBACK id=2
  a> SUBSCRIBE id=2 t
  a< SUBACK id=2 0
  a< PUBLISH t retain payloadFormatIndicator=1 contentType="text/plain" responseTopic=r
  +    correlationData=0x00ff00 user:b=1 user:a=2 user:b=3 user:a=2 "ü"
  `,
);

testExchange(
  "A 3.1.1 client gets the message without its properties",
  `${TWO}
  a x
  a> CONNECT v=4
  a< CONNACK sessionPresent
  b> PUBLISH t qos=1 id=1 contentType=c user:a=b "1"
  b< PUBACK id=1
  a< PUBLISH t qos=1 id=1 "1"
  a> PUBLISH u "2"
  a< PUBLISH u "2"
  `,
);

testExchange(
  "A Response Topic with wildcards is a Protocol Error [MQTT-3.3.2-14] [MQTT-4.13.1-1]",
  `${TWO}
  b> PUBLISH t responseTopic=a/#
  b< DISCONNECT ProtocolError
  b! closed
  a< nothing
  c> CONNECT will.topic=w will.responseTopic=+
  c< CONNACK ProtocolError
  c! closed
  `,
);

testExchange(
  "A client's Subscription Identifier in PUBLISH is a Protocol Error [MQTT-4.13.1-1]",
  `${TWO}
  b> PUBLISH t subscriptionIdentifiers=1
  b< DISCONNECT ProtocolError
  b! closed
  `,
);

testExchange(
  "The Message Expiry Interval that is sent is what is left; what has expired before it was sent is deleted " +
    "[MQTT-3.3.2-5] [MQTT-3.3.2-6]",
  `${TWO}
  b> PUBLISH t messageExpiryInterval=10 "0"
  a< PUBLISH t messageExpiryInterval=10 "0"
  a x
  b> PUBLISH t qos=1 id=1 messageExpiryInterval=10 "1" & PUBLISH t qos=1 id=2 messageExpiryInterval=9 "2"
  +  & PUBLISH t qos=1 id=3 "3"
  b< PUBACK id=1
  b< PUBACK id=2
  b< PUBACK id=3
  wait 9s
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=1 messageExpiryInterval=1 "1"
  a< PUBLISH t qos=1 id=2 "3"
  dropped expired=1
  `,
);

testExchange(
  "What was sent once does not expire: it is sent again, and QoS 2 is completed [MQTT-4.3.3-7]",
  `
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=2
  a< SUBACK id=1 2
  a> PUBLISH t qos=2 id=1 messageExpiryInterval=5 "1"
  a< PUBLISH t qos=2 id=1 messageExpiryInterval=5 "1"
  a< PUBREC id=1
  a x
  wait 10s
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK sessionPresent
  a< PUBLISH t qos=2 id=1 dup messageExpiryInterval=0 "1"
  a> PUBREC id=1
  a< PUBREL id=1
  a> PUBCOMP id=1
  `,
);
