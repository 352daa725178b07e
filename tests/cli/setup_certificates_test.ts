import { strict as assert } from "node:assert";
import { X509Certificate } from "node:crypto";
import { makeCertificates } from "../../lib/cli/setup/certificates.ts";
import { derTime } from "../../lib/cli/setup/der_writer.ts";
import { hasOpenssl } from "../../tasks/certs.ts";

const NAMES = ["broker.home", "localhost", "127.0.0.1", "::1", "fe80::1:2"];
const NOW_MS = Date.parse("2026-02-03T04:05:06Z");

Deno.test("makeCertificates() makes an authority, and a server's certificate that it has signed for all names", () => {
  const { authority, server } = makeCertificates(NAMES, NOW_MS);
  const ca = new X509Certificate(authority.certificate);
  const leaf = new X509Certificate(server.certificate);
  assert(ca.ca);
  assert(!leaf.ca);
  assert(leaf.checkIssued(ca));
  assert(leaf.verify(ca.publicKey));
  assert(ca.verify(ca.publicKey));
  assert.equal(leaf.checkHost("broker.home"), "broker.home");
  assert.equal(leaf.checkHost("other.home"), undefined);
  assert.equal(leaf.validTo, "May  8 04:05:06 2028 GMT");
  assert.match(
    leaf.subjectAltName!,
    /^DNS:broker\.home, DNS:localhost, IP Address:127\.0\.0\.1, IP/,
  );
  assert.notEqual(leaf.serialNumber, ca.serialNumber);
  assert.match(server.key, /^-----BEGIN PRIVATE KEY-----\n/);
});

Deno.test("openssl agrees with the certificates, strictly, and with the names and addresses in them", async () => {
  if (!await hasOpenssl()) {
    // deno-lint-ignore no-console -- whoever reads the results is to know
    return console.log("Not verified: openssl is not installed");
  }
  const directory = await Deno.makeTempDir();
  try {
    const { authority, server } = makeCertificates(NAMES, Date.now());
    await Deno.writeTextFile(`${directory}/ca.crt`, authority.certificate);
    await Deno.writeTextFile(`${directory}/server.crt`, server.certificate);
    const verify = async (...args: string[]) => {
      const { success, stdout, stderr } = await new Deno.Command("openssl", {
        args: ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "ca.crt", ...args],
        cwd: directory,
      }).output();
      const text = new TextDecoder();
      return { success, said: text.decode(stdout) + text.decode(stderr) };
    };
    for (const address of ["127.0.0.1", "::1", "fe80::1:2"]) {
      const { success, said } = await verify("-verify_ip", address, "server.crt");
      assert(success, said);
    }
    assert((await verify("-verify_hostname", "broker.home", "server.crt")).success);
    assert(!(await verify("-verify_hostname", "other.home", "server.crt")).success);
    assert(!(await verify("-verify_ip", "127.0.0.2", "server.crt")).success);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("derTime() writes years from 2050 on with four digits", () => {
  const text = (at: string) => new TextDecoder().decode(derTime(Date.parse(at)).subarray(2));
  assert.equal(text("2049-12-31T23:59:59Z"), "491231235959Z");
  assert.equal(text("2050-01-01T00:00:00Z"), "20500101000000Z");
});
