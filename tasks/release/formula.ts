/**
 * Homebrew's formula: it takes the executables of a release, for macOS and Linux, and their checksums.
 *
 * @module
 */
import { VERSION } from "../../lib/version.ts";
import type { ReleasedFile } from "./sbom.ts";

/** Homebrew's names of the systems and machines that executables are made for. */
const PLACES: readonly (readonly [target: string, system: string, machine: string])[] = [
  ["aarch64-apple-darwin", "macos", "arm"],
  ["x86_64-apple-darwin", "macos", "intel"],
  ["aarch64-unknown-linux-gnu", "linux", "arm"],
  ["x86_64-unknown-linux-gnu", "linux", "intel"],
];

/** The formula for the executables that were made, which are published below `url`; `undefined`: none of them is for Homebrew. */
export function formula(executables: readonly ReleasedFile[], url: string): string | undefined {
  const blocks = PLACES.flatMap(([target, system, machine]) => {
    const file = executables.find(({ name }) => name === `flux-mqtt-${target}`);
    return file === undefined ? [] : [`  on_${system} do
    on_${machine} do
      url "${url}/${file.name}"
      sha256 "${file.sha256}"
    end
  end`];
  });
  if (blocks.length === 0) return undefined;
  return `class FluxMqtt < Formula
  desc "MQTT broker for 3.1, 3.1.1 and 5.0, with its clients"
  homepage "${url}"
  version "${VERSION}"
  license "MIT"

${blocks.join("\n\n")}

  def install
    bin.install Dir["flux-mqtt-*"].first => "flux-mqtt"
    generate_completions_from_executable(bin/"flux-mqtt", "completions")
    (man1/"flux-mqtt.1").write Utils.safe_popen_read(bin/"flux-mqtt", "man")
  end

  service do
    run [opt_bin/"flux-mqtt"]
    keep_alive true
    working_dir var/"flux-mqtt"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/flux-mqtt version")
  end
end
`;
}
