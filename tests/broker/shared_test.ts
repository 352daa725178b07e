import { testExchange } from "../support/exchange.ts";

/** a and b share t at QoS 2, c publishes. */
const SHARED = `
  a> CONNECT sessionExpiryInterval=60
  a< CONNACK
  b> CONNECT sessionExpiryInterval=60
  b< CONNACK
  c> CONNECT
  c< CONNACK
  a> SUBSCRIBE id=1 $share/s/t qos=2
  a< SUBACK id=1 2
  b> SUBSCRIBE id=1 $share/s/t qos=1
  b< SUBACK id=1 1
`;
/** a has 1 of QoS 2 and 3 of QoS 1 in flight, b has 2; they take two each at a time. */
const IN_FLIGHT = `${SHARED}
  c> PUBLISH t qos=2 id=1 "1" & PUBLISH t qos=1 id=2 "2" & PUBLISH t qos=1 id=3 "3"
  c< PUBREC id=1
  c< PUBACK id=2
  c< PUBACK id=3
  a< PUBLISH t qos=2 id=1 "1"
  b< PUBLISH t qos=1 id=1 "2"
  a< PUBLISH t qos=1 id=2 "3"
`;

testExchange(
  "Each message goes to one member in turn, at the QoS granted to it, with its identifiers " +
    "[MQTT-4.8.2-3] [MQTT-4.8.2-1]",
  `${SHARED}
  a> SUBSCRIBE id=2 $share/s/t qos=0 subscriptionIdentifiers=9
  a< SUBACK id=2 0
  c> PUBLISH t qos=1 id=1 "1" & PUBLISH t qos=1 id=2 "2" & PUBLISH t "3" & PUBLISH t "4"
  c< PUBACK id=1
  c< PUBACK id=2
  a< PUBLISH t "1" subscriptionIdentifiers=9
  b< PUBLISH t qos=1 id=1 "2"
  a< PUBLISH t "3" subscriptionIdentifiers=9
  b< PUBLISH t "4"
  `,
);

testExchange(
  "Each share gets each message, and so does an ordinary subscription beside it",
  `${SHARED}
  a> SUBSCRIBE id=2 $share/other/t t/#
  a< SUBACK id=2 0 0
  c> PUBLISH t "1"
  a< PUBLISH t "1"
  a< PUBLISH t "1"
  a< PUBLISH t "1"
  c> PUBLISH t "2"
  a< PUBLISH t "2"
  b< PUBLISH t "2"
  a< PUBLISH t "2"
  `,
);

testExchange(
  "While a member is there, one that is away gets nothing; when all are away they keep it",
  `${SHARED}
  a x
  c> PUBLISH t qos=1 id=1 "1" & PUBLISH t qos=1 id=2 "2"
  c< PUBACK id=1
  c< PUBACK id=2
  b< PUBLISH t qos=1 id=1 "1"
  b< PUBLISH t qos=1 id=2 "2"
  b> PUBACK id=1 & PUBACK id=2
  b x
  c> PUBLISH t qos=1 id=3 "3" & PUBLISH t qos=1 id=4 "4"
  c< PUBACK id=3
  c< PUBACK id=4
  a> CONNECT
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=1 "3"
  b> CONNECT
  b< CONNACK sessionPresent
  b< PUBLISH t qos=1 id=3 "4"
  `,
);

testExchange(
  "A message that nobody in the share can take is dropped, and counted",
  `${SHARED}
  a x
  b x
  c> PUBLISH t "1"
  dropped no_share_member=1
  `,
);

testExchange(
  "Who has no room is passed over; what waits for somebody who leaves goes to who is there",
  `${IN_FLIGHT}
  c> PUBLISH t qos=1 id=4 "4" & PUBLISH t qos=1 id=5 "5" & PUBLISH t qos=1 id=6 "6"
  c< PUBACK id=4
  c< PUBACK id=5
  c< PUBACK id=6
  b< PUBLISH t qos=1 id=2 "4"     (now both are full: 5 waits for one, 6 for the other)
  b> PUBACK id=1 & PUBACK id=2
  b< PUBLISH t qos=1 id=3 "6"
  a x
  b< PUBLISH t qos=1 id=4 "5"
  a> CONNECT
  a< CONNACK sessionPresent
  a< PUBLISH t qos=2 id=1 dup "1" (what had been sent stays)
  a< PUBLISH t qos=1 id=2 dup "3"
  `,
  { options: { maxInflightMessages: 2 } },
);

testExchange(
  "A QoS 2 delivery is completed when its client comes back [MQTT-4.8.2-4]",
  `${IN_FLIGHT}
  a> PUBREC id=1
  a< PUBREL id=1
  a x
  wait 59s
  b< nothing
  a> CONNECT
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=2 dup "3"
  a< PUBREL id=1
  a> PUBCOMP id=1
  `,
);

testExchange(
  "When a member's session ends, QoS 1 in flight moves on, QoS 2 goes to nobody else [MQTT-4.8.2-5]",
  `${IN_FLIGHT}
  a x
  wait 60s
  b< PUBLISH t qos=1 id=2 "3"
  wait 1h
  b< nothing
  `,
);

testExchange(
  "A message that a member refuses goes to nobody else [MQTT-4.8.2-6]",
  `${IN_FLIGHT}
  a> PUBREC id=1 UnspecifiedError
  a> PUBACK id=2 ImplementationSpecificError
  b> PUBACK id=1 NotAuthorized
  wait 1h
  a x
  wait 1h
  b< nothing
  `,
);

testExchange(
  "Who unsubscribes gives what waits to the others, and completes what is under way",
  `${SHARED}
  c> PUBLISH t qos=1 id=1 "1" & PUBLISH t qos=1 id=2 "2" & PUBLISH t qos=1 id=3 "3"
  c< PUBACK id=1
  c< PUBACK id=2
  c< PUBACK id=3
  a< PUBLISH t qos=1 id=1 "1"
  b< PUBLISH t qos=1 id=1 "2"
  b> PUBACK id=1                  (3 waits for a)
  a> UNSUBSCRIBE id=9 $share/s/t
  a< UNSUBACK id=9 0
  b< PUBLISH t qos=1 id=2 "3"
  a x
  a> CONNECT
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=1 dup "1"
  `,
  { options: { maxInflightMessages: 1 } },
);

testExchange(
  "Another filter that looks like it is not unsubscribed: the ShareName is part of it",
  `${SHARED}
  b> UNSUBSCRIBE id=9 t $share/x/t $share/s/t
  b< UNSUBACK id=9 NoSubscriptionExisted NoSubscriptionExisted 0
  c> PUBLISH t "1" & PUBLISH t "2"
  a< PUBLISH t "1"
  a< PUBLISH t "2"
  `,
);
