import { testExchange } from "../support/exchange.ts";
import { testBefore5 } from "./before_5.ts";

/** What mosquitto's bridges are: a bit in the Protocol Level before 5.0, which has none. */

const STATE = "$SYS/broker/connection/a/state";

testBefore5(
  "a bridge does not get back what it publishes, and gets RETAIN as it was published",
  `
  a> CONNECT v=? isBridge cleanStart clientId=a
  a< CONNACK
  a> SUBSCRIBE id=1 # qos=1
  a< SUBACK id=1 1
  b> CONNECT v=? cleanStart clientId=b
  b< CONNACK
  b> SUBSCRIBE id=1 #
  b< SUBACK id=1 0
  a> PUBLISH t qos=1 id=2 "own"
  a< PUBACK id=2
  b< PUBLISH t "own"
  b> PUBLISH t retain "kept"
  a< PUBLISH t retain "kept"
  b< PUBLISH t "kept"
  b> PUBLISH t "passing"
  a< PUBLISH t "passing"
  b< PUBLISH t "passing"
  `,
);

testBefore5(
  "a bridge's subscriptions stay those of a bridge in its session, and shared ones are like anybody's",
  `
  a> CONNECT v=? isBridge clientId=a
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=1
  a< SUBACK id=1 1
  a> SUBSCRIBE id=2 $share/g/s qos=1
  a< SUBACK id=2 1
  a> PUBLISH s qos=1 id=3 "x"
  a< PUBLISH s qos=1 id=1 "x"
  a< PUBACK id=3
  a> PUBACK id=1
  a x
  b> CONNECT v=5 cleanStart clientId=b
  b< CONNACK
  b> PUBLISH t qos=1 id=1 retain "kept"
  b< PUBACK id=1
  a> CONNECT v=? isBridge clientId=a
  a< CONNACK sessionPresent=*
  a< PUBLISH t qos=1 id=2 retain "kept"
  `,
);

testBefore5(
  "a bridge says whether it is connected where mosquitto's do, and nowhere else below $SYS/",
  `
  b> CONNECT v=5 cleanStart clientId=b
  b< CONNACK
  b> SUBSCRIBE id=1 $SYS/# retainAsPublished
  b< SUBACK id=1 0
  a> CONNECT v=? isBridge cleanStart clientId=a will.topic=${STATE} will.payload=0 will.retain
  a< CONNACK
  a> PUBLISH ${STATE} qos=1 id=1 retain "1"
  a< PUBACK id=1
  b< PUBLISH ${STATE} retain "1"
  a> PUBLISH $SYS/broker/connection/state qos=1 id=2 "1"
  a< PUBACK id=2
  a> PUBLISH $SYS/broker/connection/a/b/state qos=1 id=3 "1"
  a< PUBACK id=3
  a> PUBLISH $SYS/broker/connection//state qos=1 id=4 "1"
  a< PUBACK id=4
  a> PUBLISH $SYS/broker/version qos=1 id=5 "1"
  a< PUBACK id=5
  a x
  b< PUBLISH ${STATE} retain "0"
  dropped reserved_topic=4
  `,
);

testBefore5(
  "who is no bridge may not say so, in a PUBLISH or a will",
  `
  b> CONNECT v=5 cleanStart clientId=b
  b< CONNACK
  b> SUBSCRIBE id=1 $SYS/#
  b< SUBACK id=1 0
  a> CONNECT v=? cleanStart clientId=a will.topic=${STATE} will.payload=0
  a< CONNACK
  a> PUBLISH ${STATE} qos=1 id=1 "1"
  a< PUBACK id=1
  a x
  b< nothing
  dropped reserved_topic=2
  `,
);

testExchange(
  "In 5.0 a bridge is who has the state of its own Client Identifier as its will: it may say that it is connected",
  `
  b> CONNECT cleanStart clientId=b
  b< CONNACK
  b> SUBSCRIBE id=1 $SYS/#
  b< SUBACK id=1 0
  a> CONNECT cleanStart clientId=a will.topic=${STATE} will.payload=0 will.retain
  a< CONNACK
  a> PUBLISH ${STATE} qos=1 id=1 "1"
  a< PUBACK id=1
  b< PUBLISH ${STATE} "1"
  a> PUBLISH $SYS/broker/connection/c/state qos=1 id=2 "1"
  a< PUBACK id=2 NotAuthorized
  b> PUBLISH ${STATE} qos=1 id=2 "1"
  b< PUBACK id=2 NotAuthorized
  c> CONNECT cleanStart clientId=c will.topic=${STATE} will.payload=0
  c< CONNACK
  c> PUBLISH ${STATE} qos=1 id=1 "1"
  c< PUBACK id=1 NotAuthorized
  a x
  b< PUBLISH ${STATE} "0"
  dropped reserved_topic=4
  `,
);

testExchange(
  "A bridge of 5.0 that keeps its session and says not for how long keeps it as before 5.0, and is told so",
  `
  a> CONNECT clientId=a will.topic=${STATE} will.payload=0
  a< CONNACK sessionExpiryInterval=4294967295
  a> SUBSCRIBE id=1 t qos=1
  a< SUBACK id=1 1
  a x
  b> CONNECT cleanStart clientId=b
  b< CONNACK
  b> PUBLISH t qos=1 id=1 "kept"
  b< PUBACK id=1
  a> CONNECT clientId=a sessionExpiryInterval=0 will.topic=${STATE} will.payload=0
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=1 "kept"
  a x
  a> CONNECT cleanStart clientId=a will.topic=${STATE} will.payload=0
  a< CONNACK
  a x
  a> CONNECT clientId=a
  a< CONNACK
  `,
);

testExchange(
  "A bridge of 5.0 may send all that it has queued, others keep to our Receive Maximum [MQTT-3.3.4-7]",
  `
  a> CONNECT cleanStart clientId=a will.topic=${STATE} will.payload=0
  a< CONNACK
  a> PUBLISH t qos=2 id=1 & PUBLISH t qos=2 id=2 & PUBLISH t qos=2 id=3
  a< PUBREC id=1 NoMatchingSubscribers
  a< PUBREC id=2 NoMatchingSubscribers
  a< PUBREC id=3 NoMatchingSubscribers
  b> CONNECT cleanStart clientId=b
  b< CONNACK
  b> PUBLISH t qos=2 id=1 & PUBLISH t qos=2 id=2 & PUBLISH t qos=2 id=3
  b< PUBREC id=1 NoMatchingSubscribers
  b< PUBREC id=2 NoMatchingSubscribers
  b< DISCONNECT ReceiveMaximumExceeded
  b! closed
  `,
  { options: { maxInflightMessages: 2 } },
);

testBefore5(
  "the state of a bridge is under the mount point of its listener, and access control is asked for it",
  `
  b> CONNECT v=5 cleanStart clientId=b
  b< CONNACK
  b> SUBSCRIBE id=1 site/#
  b< SUBACK id=1 0
  a> CONNECT v=? isBridge cleanStart clientId=a
  a< CONNACK
  a> PUBLISH ${STATE} qos=1 id=1 "1"
  a< PUBACK id=1
  b< PUBLISH site/${STATE} "1"
  a> PUBLISH $SYS/broker/connection/no/state qos=1 id=2 "1"
  a< PUBACK id=2
  b< nothing
  dropped not_authorized=1
  `,
  {
    listeners: { a: { mountPoint: "site/" } },
    access: {
      checksTopics: true,
      mayPublish: (_client, topicName) => !topicName.includes("/no/"),
    },
  },
);

testBefore5(
  "a bridge has 20 messages in flight at most: mosquitto's default, beyond which its bridges lose their way",
  `
  a> CONNECT v=? isBridge cleanStart clientId=a
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=2
  a< SUBACK id=1 2
  b> CONNECT v=5 cleanStart clientId=b
  b< CONNACK
  ${
    Array.from({ length: 20 }, (_, i) => `
    b> PUBLISH t qos=1 id=${i + 1} "${i}"
    b< PUBACK id=${i + 1}
    a< PUBLISH t qos=1 id=${i + 1} "${i}"`).join("")
  }
  b> PUBLISH t qos=1 id=21 "20"
  b< PUBACK id=21
  a< nothing
  a> PUBACK id=1
  a< PUBLISH t qos=1 id=21 "20"
  `,
);
