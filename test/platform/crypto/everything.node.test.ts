/** The same tests in Node: the scripts of this repository use these files too, outside of the Worker. */
import "./canonical-json.test.ts";
import "./client-secret.test.ts";
import "./jwk.test.ts";
import "./jws.test.ts";
import "./key-ring.test.ts";
import "./keyed-hash.test.ts";
import "./sealing.test.ts";
