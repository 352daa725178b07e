import { strict as assert } from "node:assert";
import { nameOfPlace, parseBrokerUrl } from "../../lib/client/mod.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

// deno-fmt-ignore
const urls: [url: string, place: ReturnType<typeof parseBrokerUrl>, name: string][] = [
  ["mqtt://broker", { hostname: "broker", port: 1883 }, "broker:1883"],
  ["mqtts://broker", { hostname: "broker", port: 8883, tls: { insecure: true } }, "broker:8883"],
  ["tcp://192.168.0.9:1884", { hostname: "192.168.0.9", port: 1884 }, "192.168.0.9:1884"],
  ["mqtt://[::1]:1", { hostname: "::1", port: 1 }, "[::1]:1"],
  ["ws://broker", { hostname: "broker", port: 80, webSocket: {} }, "ws://broker:80/mqtt"],
  ["wss://broker/a?b=c", { hostname: "broker", port: 443, tls: { insecure: true }, webSocket: { path: "/a?b=c" } }, "wss://broker:443/a?b=c"],
  ["unix:///run/mqtt%20x.sock", { hostname: "localhost", port: 0, unixPath: "/run/mqtt x.sock" }, "unix:/run/mqtt x.sock"],
  ["mqtt://me:p%3Aw@broker", { hostname: "broker", port: 1883, userName: "me", password: bytes("p:w") }, "broker:1883"],
];
for (const [url, place, name] of urls) {
  Deno.test(`parseBrokerUrl() reads ${url}`, () => {
    const parsed = parseBrokerUrl(url, { insecure: true });
    assert.deepEqual(parsed, place);
    assert.equal(nameOfPlace(parsed), name);
  });
}

const wrong: [url: string, message: RegExp][] = [
  ["broker", /it is no URL/],
  ["http://broker", /begins with mqtt:\/\/, .*unix:\/\//],
  ["unix://broker/x", /unix:\/\/\/path/],
  ["unix:", /unix:\/\/\/path/],
  ["mqtt://", /no host name/],
];
for (const [url, message] of wrong) {
  Deno.test(`parseBrokerUrl() refuses ${url}`, () => {
    assert.throws(() => parseBrokerUrl(url), message);
  });
}
