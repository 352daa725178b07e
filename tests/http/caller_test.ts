import { strict as assert } from "node:assert";
import {
  type AuthenticationVerdict,
  DEFAULT_LISTENER_OPTIONS,
  OPEN_ACCESS,
} from "../../lib/broker/mod.ts";
import { Callers } from "../../lib/http/caller.ts";
import { Problem } from "../../lib/http/problem.ts";

const LOG_INS: [what: string, verdict: AuthenticationVerdict, isIn: boolean][] = [
  ["a right password", { isAllowed: true }, true],
  ["a token of that user", { isAllowed: true, userName: "admin" }, true],
  ["a token of somebody else", { isAllowed: true, userName: "pump-7" }, false],
  ["a wrong password", { isAllowed: false, reasonCode: 0x86 }, false],
];
for (const [what, verdict, isIn] of LOG_INS) {
  Deno.test(`Who types the name of an admin and ${what} ${isIn ? "is" : "is not"} logged in`, async () => {
    const init = {
      options: { ...DEFAULT_LISTENER_OPTIONS, name: "9883" },
      hostname: "127.0.0.1",
      port: 0,
      path: "",
      hosts: [],
      admins: ["admin"],
      viewers: [],
      clientIdPrefixes: "",
    };
    const access = {
      ...OPEN_ACCESS,
      authenticate: (_: unknown, reply: (told: AuthenticationVerdict) => void) => reply(verdict),
    };
    const callers = new Callers(init, access, undefined, () => 1000);
    const logIn = callers.logIn("admin", "x", "192.0.2.1:1024");
    if (isIn) assert.match(await logIn, /^flux_mqtt_9883=/);
    else await assert.rejects(logIn, Problem);
  });
}
