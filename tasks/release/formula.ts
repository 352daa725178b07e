/**
 * Homebrew's formula: it takes the executables of a release, for macOS and Linux, and their checksums.
 *
 * @module
 */
import { VERSION } from "../../lib/version.ts";
import type { ReleasedFile } from "./sbom.ts";

/** Homebrew's names of the systems, and of the machines that executables are made for on them. */
const PLACES: readonly (readonly [
  system: string,
  machines: readonly (readonly [machine: string, target: string])[],
])[] = [
  ["macos", [["arm", "aarch64-apple-darwin"], ["intel", "x86_64-apple-darwin"]]],
  ["linux", [["arm", "aarch64-unknown-linux-gnu"], ["intel", "x86_64-unknown-linux-gnu"]]],
];

/** The formula for the executables that were made, which are published below `url`; `undefined`: none of them is for Homebrew. */
export function formula(executables: readonly ReleasedFile[], url: string): string | undefined {
  const blocks = PLACES.flatMap(([system, machines]) => {
    const downloads = machines.flatMap(([machine, target]) => {
      const file = executables.find(({ name }) => name === `flux-mqtt-${target}`);
      return file === undefined ? [] : [`    on_${machine} do
      url "${url}/${file.name}"
      sha256 "${file.sha256}"
    end`];
    });
    return downloads.length === 0 ? [] : [`  on_${system} do\n${downloads.join("\n")}\n  end`];
  });
  if (blocks.length === 0) return undefined;
  // A file that is no archive arrives without permission to run it, and the service's directory has to be there before the service.
  return `class FluxMqtt < Formula
  desc "MQTT broker for 3.1, 3.1.1 and 5.0, with its clients"
  homepage "${url}"
  version "${VERSION}"
  license "MIT"

${blocks.join("\n\n")}

  def install
    bin.install Dir["flux-mqtt-*"].first => "flux-mqtt"
    chmod 0755, bin/"flux-mqtt"
    generate_completions_from_executable(bin/"flux-mqtt", "completions")
    (man1/"flux-mqtt.1").write Utils.safe_popen_read(bin/"flux-mqtt", "man")
    (var/"flux-mqtt").mkpath
    (var/"log").mkpath
  end

  service do
    run [opt_bin/"flux-mqtt"]
    keep_alive true
    working_dir var/"flux-mqtt"
    log_path var/"log/flux-mqtt.log"
    error_log_path var/"log/flux-mqtt.log"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/flux-mqtt version")
  end
end
`;
}
