import { strict as assert } from "node:assert";
import { readClientCertificate } from "../../lib/net/certificate.ts";
import { certificateTest } from "../support/certificates.ts";

/** Subjects as `openssl req -subj` takes them, and the Common Name. */
const subjects: [subject: string, commonName: string][] = [
  ["/CN=client", "client"],
  ["/C=GB/ST=Nottinghamshire/L=Nottingham/O=Server/OU=Production/CN=test client", "test client"],
  ["/O=Works", ""],
  ["/O=Büro/CN=Müller", "Müller"],
  ['/CN=a,b\\+c"d<e>f;g=h', 'a,b+c"d<e>f;g=h'],
  ["/CN=# begins so/O= spaces ", "# begins so"],
  ["/CN=back\\\\slash", "back\\slash"],
  ["/CN=first/CN=second", "first"],
  ["/DC=org/DC=example/UID=u1/CN=x/emailAddress=a@example.org", "x"],
  ["/O=x+CN=y", "y"],
  ["/serialNumber=7/title=Dr/CN=z", "z"],
];
for (const [subject, commonName] of subjects) {
  certificateTest(`the subject ${subject} is read as OpenSSL shows it`, async (files) => {
    const { success } = await new Deno.Command("openssl", {
      args: [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
        ...["-keyout", "s.key", "-out", "s.crt", "-utf8", "-multivalue-rdn", "-subj", subject],
      ],
      cwd: files.directory,
      stderr: "null",
    }).output();
    assert.ok(success);
    await files.openssl("x509 -in s.crt -outform DER -out s.der");
    const shown = await files.openssl("x509 -in s.crt -noout -subject -nameopt RFC2253");
    const fingerprint = await files.openssl("x509 -in s.crt -noout -fingerprint -sha256");
    assert.deepEqual(readClientCertificate(await Deno.readFile(files.path("s.der"))), {
      subject: shown.replace(/^subject=/, "").trimEnd(),
      commonName,
      fingerprint: fingerprint.split("=")[1]!.trim(),
    });
  });
}

certificateTest("a certificate that is cut off anywhere is an error", async (files) => {
  await files.openssl("x509 -in client.crt -outform DER -out c.der");
  const der = await Deno.readFile(files.path("c.der"));
  for (let length = 0; length < der.length; length++) {
    assert.throws(() => readClientCertificate(der.subarray(0, length)), TypeError, `${length}`);
  }
});
