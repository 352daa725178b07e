import { deepEqual, equal } from "node:assert/strict";
import { OpenClaims } from "../../lib/cluster/open_claims.ts";
import { decodeRecord } from "../../lib/cluster/record_reader.ts";
import { headBytesOf, RecordWriter } from "../../lib/cluster/record_writer.ts";

const NODE = "nöde";

Deno.test("a claim whose client is gone changes nothing where its record is sent again, and the others do", () => {
  const gone = new Set<string>();
  const claims = new OpenClaims();
  const writer = new RecordWriter();
  writer.addChange({ kind: "ended", clientId: "x" });
  for (const clientId of ["a", "b"]) {
    claims.add(writer.length, () => gone.has(clientId));
    writer.addClaim({ clientId, endsSession: true, keepsSession: true });
  }
  const record = writer.take({ node: NODE, epoch: 1, number: 1, since: 0 });
  claims.close(1, headBytesOf(NODE));
  equal(claims.toSend(1, record), record);
  gone.add("b");
  const claim = (clientId: string) => ({ clientId, endsSession: true, keepsSession: true });
  deepEqual(decodeRecord(claims.toSend(1, record)).entries.slice(1), [
    claim("a"),
    { ...claim("b"), isVoid: true },
  ]);
  // What was sent before may still be on its way.
  deepEqual(decodeRecord(record).entries.slice(1), [claim("a"), claim("b")]);
  claims.applied(1);
  equal(claims.toSend(1, record), record);
});
