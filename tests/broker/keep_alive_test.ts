import { testExchange } from "../support/exchange.ts";

testExchange(
  "A client that says nothing for one and a half periods is closed, and its will published [MQTT-3.1.2-22]",
  `
  b> CONNECT
  b< CONNACK
  b> SUBSCRIBE id=1 w
  b< SUBACK id=1 0
  a> CONNECT keepAlive=10 will.topic=w will.payload="silent"
  a< CONNACK !serverKeepAlive
  wait 14999ms
  a< nothing
  wait 1ms
  a< DISCONNECT KeepAliveTimeout
  a! closed
  b< PUBLISH w "silent"
  `,
);

testExchange(
  "A 3.1.1 client that says nothing is closed without a word",
  `
  a> CONNECT v=4 keepAlive=10
  a< CONNACK
  wait 14999ms
  a< nothing
  wait 1ms
  a! closed
  `,
);

testExchange(
  "Every packet, and every part of one, begins the period anew [MQTT-3.1.2-22]",
  `
  a> CONNECT keepAlive=10
  a< CONNACK
  wait 14s
  a> PINGREQ
  a< PINGRESP
  wait 14s
  a> PUBLISH t "1"
  wait 14s
  a> hex 30 04 00      (not yet a packet)
  wait 14s
  a> hex 01 't' 00
  wait 15s
  a< DISCONNECT KeepAliveTimeout
  a! closed
  `,
);

testExchange(
  "What the broker sends does not keep a silent client",
  `
  a> CONNECT keepAlive=10
  a< CONNACK
  b> CONNECT
  b< CONNACK
  a> SUBSCRIBE id=1 t
  a< SUBACK id=1 0
  wait 10s
  b> PUBLISH t "1"
  a< PUBLISH t "1"
  wait 5s
  a< DISCONNECT KeepAliveTimeout
  a! closed
  `,
);

testExchange(
  "Keep Alive 0 is off",
  `
  a> CONNECT keepAlive=0
  a< CONNACK !serverKeepAlive
  wait 365d
  a> PINGREQ
  a< PINGRESP
  `,
);

const limited: [asked: number, told: string, seconds: number][] = [
  [0, "serverKeepAlive=30", 45],
  [31, "serverKeepAlive=30", 45],
  [65535, "serverKeepAlive=30", 45],
  [30, "!serverKeepAlive", 45],
  [10, "!serverKeepAlive", 15],
];
for (const [asked, told, seconds] of limited) {
  testExchange(
    `With max_keepalive 30 a Keep Alive of ${asked} is answered by ${told}, and that holds ` +
      "[MQTT-3.2.2-22]",
    `
    a> CONNECT keepAlive=${asked}
    a< CONNACK ${told}
    wait ${seconds * 1000 - 1}ms
    a< nothing
    wait 1ms
    a< DISCONNECT KeepAliveTimeout
    a! closed
    `,
    { options: { maxKeepAliveSeconds: 30 } },
  );
}

for (const version of [3, 4]) {
  for (const [seconds, isTaken] of [[30, true], [1, true], [31, false], [0, false]] as const) {
    testExchange(
      `max_keepalive 30: version ${version} with ${seconds} seconds ${
        isTaken ? "comes in" : "is refused with code 2, as by mosquitto"
      }`,
      `
      a> CONNECT v=${version} keepAlive=${seconds} cleanStart
      ${isTaken ? "a< CONNACK" : "a< CONNACK 2\na! closed"}
      `,
      { options: { maxKeepAliveSeconds: 30 } },
    );
  }
}
