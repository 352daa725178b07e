import { testExchange } from "../support/exchange.ts";
import type { Setup } from "../support/test_broker.ts";

const NAMES = { 3: "3.1", 4: "3.1.1" } as const;

/** Registers a test for MQTT 3.1.1 and one for 3.1, where `v=?` in the script stands for the version. */
export function testBefore5(name: string, script: string, setup?: Setup): void {
  for (const version of [4, 3] as const) {
    testExchange(
      `MQTT ${NAMES[version]}: ${name}`,
      script.replaceAll("v=?", `v=${version}`),
      setup,
    );
  }
}

/** Registers a test of what only 3.1.1 has; the script says `v=4`. */
export function test311(name: string, script: string, setup?: Setup): void {
  testExchange(`MQTT 3.1.1: ${name}`, script, setup);
}

/** Registers a test of what is otherwise in 3.1; the script says `v=3`. */
export function test31(name: string, script: string, setup?: Setup): void {
  testExchange(`MQTT 3.1: ${name}`, script, setup);
}
