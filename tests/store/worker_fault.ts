/**
 * Preloaded into a broker's process: after SIGUSR2 the store's Worker, which is the real one, gets something that it does not
 * know in front of the next batch (`error`), or is gone when that comes (`terminate`).
 */
const fault = Deno.env.get("MQTT_TEST_FAULT");
let isArmed = false;
Deno.addSignalListener("SIGUSR2", () => {
  isArmed = true;
  // deno-lint-ignore no-console -- the test waits for it
  console.error("The fault is armed");
});

globalThis.Worker = class extends Worker {
  override postMessage(message: unknown): void {
    if (isArmed) {
      isArmed = false;
      if (fault === "terminate") this.terminate();
      else super.postMessage(null);
    }
    super.postMessage(message);
  }
};
