/**
 * Where this service answers otherwise than `oidc-provider`, and the sentence that decides. By the name of the case. The test
 * fails on a difference that is not here, and on one that is here and is none any more.
 */
export interface Difference {
  readonly ours: string;
  readonly theirs: string;
  /** The RFC and section, and what it says. */
  readonly decides: string;
}

/** Differences that one sentence decides: name of the case, our verdict, theirs. */
const decidedBy = (decides: string, cases: Readonly<Record<string, readonly [ours: string, theirs: string]>>) =>
  Object.fromEntries(Object.entries(cases).map(([name, [ours, theirs]]) => [name, { ours, theirs, decides }]));

export const differences: Readonly<Record<string, Difference>> = {
  ...decidedBy(
    "RFC 9110 15.5.6: the method is known by the server but not supported by the target resource: 405, with Allow.",
    {
      "RFC 6749 3.2: GET instead of POST": ["405 invalid_request", "404"],
      "RFC 6749 3.2: PUT instead of POST": ["405 invalid_request", "404"],
      "RFC 6749 3.2: PATCH instead of POST": ["405 invalid_request", "404"],
      "RFC 6749 3.2: DELETE instead of POST": ["405 invalid_request", "404"],
      "RFC 7662 2.1: GET (introspection)": ["405 invalid_request", "404"],
      "RFC 7009 2.1: GET (revocation)": ["405 invalid_request", "404"],
    },
  ),
  ...decidedBy(
    "RFC 9110 15.5.16: content in a format that the target resource does not support: 415. The code is that of RFC 6749 5.2.",
    {
      "RFC 6749 B: sent as application/json": ["415 invalid_request", "400 invalid_request"],
      "RFC 6749 B: sent as text/plain": ["415 invalid_request", "400 invalid_request"],
      "RFC 6749 B: sent as multipart/form-data; boundary=x": ["415 invalid_request", "400 invalid_request"],
      "RFC 6749 B: sent as application/x-www-form-urlencodedx": ["415 invalid_request", "400 invalid_request"],
      "RFC 6749 B: sent as application/xml": ["415 invalid_request", "400 invalid_request"],
      "RFC 6749 B: sent without a type": ["415 invalid_request", "400 invalid_request"],
      "RFC 6749 B: a JSON object as JSON": ["415 invalid_request", "400 invalid_request"],
      "RFC 7662 2.1: as JSON (introspection)": ["415 invalid_request", "400 invalid_request"],
      "RFC 7009 2.1: as JSON (revocation)": ["415 invalid_request", "400 invalid_request"],
      "RFC 7662 2.1: without a type (introspection)": ["415 invalid_request", "400 invalid_request"],
      "RFC 7009 2.1: without a type (revocation)": ["415 invalid_request", "400 invalid_request"],
    },
  ),
  ...decidedBy(
    "RFC 6749 2.3.1: the parameters MUST NOT be included in the request URI, so no client authentication is included: invalid_client (5.2).",
    {
      "RFC 6749 2.3.1: credentials in the query of the URL": ["401 invalid_client", "400 invalid_request"],
    },
  ),
  ...decidedBy(
    "RFC 6749 5.2: invalid_client where no client authentication is included, or its method is not supported; 401 says so to clients that do not read the body.",
    {
      "RFC 6749 2.3.1: a bearer token is no client authentication": ["401 invalid_client Basic", "400 invalid_request"],
      "RFC 6749 2.3: no client authentication": ["401 invalid_client", "400 invalid_request"],
      "RFC 6749 2.3.1: client_secret without an id": ["401 invalid_client", "400 invalid_request"],
      "RFC 6749 3.2: an empty client_id is an omitted one": ["401 invalid_client", "400 invalid_request"],
      "RFC 7521 4.2: client_assertion_type alone": ["401 invalid_client", "400 invalid_request"],
      "RFC 7662 2.1: no client authentication (introspection)": ["401 invalid_client", "400 invalid_request"],
      "RFC 7009 2.1: no client authentication (revocation)": ["401 invalid_client", "400 invalid_request"],
    },
  ),
  ...decidedBy(
    "RFC 6749 5.2: unsupported_grant_type. The other server supports this grant and misses its parameters.",
    {
      'RFC 6749 5.2: grant_type "authorization_code"': ["400 unsupported_grant_type", "400 invalid_request"],
    },
  ),
  ...decidedBy(
    "RFC 6749 5.2: both codes are true and none comes first. Which grants there are is public (RFC 8414 2), so nothing is told to a stranger.",
    {
      "RFC 6749 5.2: an unknown grant_type of an unknown client": [
        "400 unsupported_grant_type",
        "401 invalid_client Basic",
      ],
    },
  ),
  ...decidedBy(
    "RFC 6749 5.2: invalid_scope where the scope is unknown. The other server takes bodies up to 56 KB only.",
    {
      "RFC 6749 3.3: 10,000 scopes": ["400 invalid_scope", "400 invalid_request"],
    },
  ),
  ...decidedBy(
    "RFC 6749 5.2: invalid_scope where the scope is invalid, unknown or malformed. To ignore it (3.3) would leave the client with less than it thinks.",
    {
      "RFC 6749 3.3: a scope that nobody knows": ["400 invalid_scope", "200 Bearer"],
      "RFC 6749 3.3: one scope of the client and one that nobody knows": ["400 invalid_scope", "200 Bearer"],
      "RFC 6749 3.3: upper case is another scope": ["400 invalid_scope", "200 Bearer"],
      "RFC 6749 3.3: a comma between": ["400 invalid_scope", "200 Bearer"],
    },
  ),
  ...decidedBy(
    "RFC 8693 2.1: the name of the target is unknown here, and a client that names one expects a token for it: invalid_target (2.2.2).",
    {
      "RFC 8693 2.1: audience is a parameter of the token exchange only": ["400 invalid_target", "200 Bearer"],
    },
  ),
  ...decidedBy("RFC 6749 3.2: no length is set. The limit here is 256 KiB, there 56 KB.", {
    "RFC 6749 5.2: a body of 60 KB": ["200 Bearer", "400 invalid_request"],
  }),
  ...decidedBy("RFC 9110 15.5.14: content larger than the server is willing to process: 413.", {
    "RFC 6749 5.2: a body of 300 KB": ["413 invalid_request", "400 invalid_request"],
  }),
  ...decidedBy("RFC 9110 11.4: credentials = auth-scheme [ 1*SP ( token68 / … ) ]: any number of blanks.", {
    "RFC 9110 11.4: two blanks after the scheme": ["200 Bearer", "400 invalid_request"],
  }),
  ...decidedBy(
    "RFC 9110 5.3: a field that is no list MUST NOT be sent twice. The other server's runtime drops the second; which one counts is then a guess.",
    {
      "RFC 9110 5.3: two Authorization headers": ["401 invalid_client Basic", "200 Bearer"],
    },
  ),
  ...decidedBy("RFC 7662 2.3: an access token that is insufficient is answered with 401 as RFC 6750 3 has it.", {
    "RFC 7662 2.1: a bearer token that is none (introspection)": ["401 invalid_token Bearer", "400 invalid_request"],
  }),
  ...decidedBy("RFC 6750 3.1: invalid_token. This service takes an access token for authorization here, too.", {
    "RFC 7009 2.1: a bearer token that is none (revocation)": ["401 invalid_token Bearer", "400 invalid_request"],
  }),
  ...decidedBy(
    "RFC 6749 5.2: a client that attempted to authenticate by the Authorization header MUST get 401 with a WWW-Authenticate field, whatever was wrong with it.",
    {
      "RFC 9110 11.4: no blank after the scheme": ["401 invalid_client Basic", "400 invalid_request"],
      "RFC 9110 11.4: a scheme and nothing more": ["401 invalid_client Basic", "400 invalid_request"],
      "RFC 9110 11.4: another scheme": ["401 invalid_client Basic", "400 invalid_request"],
      "RFC 7617 2: no base64": ["401 invalid_client Basic", "400 invalid_request"],
      "RFC 7617 2: base64url": ["401 invalid_client Basic", "400 invalid_request"],
      "RFC 7617 2: base64 with padding too many": ["401 invalid_client Basic", "400 invalid_request"],
      "RFC 7617 2: no colon": ["401 invalid_client Basic", "400 invalid_request"],
      "RFC 7617 2: nothing at all": ["401 invalid_client Basic", "400 invalid_request"],
      "RFC 7617 2: a colon and nothing more": ["401 invalid_client Basic", "400 invalid_request"],
      "RFC 6749 2.3.1: no client id": ["401 invalid_client Basic", "400 invalid_request"],
      "RFC 6749 2.3.1: no secret": ["401 invalid_client Basic", "400 invalid_request"],
      "RFC 6749 2.3.1: the colon escaped": ["401 invalid_client Basic", "400 invalid_request"],
      "RFC 6749 2.3.1: an escape that is none": ["401 invalid_client Basic", "400 invalid_request"],
      "RFC 6749 2.3.1: an escape that is not UTF-8": ["401 invalid_client Basic", "400 invalid_request"],
      "RFC 6749 2.3.1: bytes that are not UTF-8": ["401 invalid_client Basic", "400 invalid_request"],
      "RFC 6749 A.2: a control character in the secret": ["401 invalid_client Basic", "400 invalid_request"],
      "RFC 6749 A.1: a control character in the client id": ["401 invalid_client Basic", "400 invalid_request"],
    },
  ),
  ...decidedBy(
    "RFC 7523 3: the server MUST reject a JWT that does not contain its own identity as intended audience. One that names another server as well can be replayed here by it (CVE-2025-27371).",
    {
      "RFC 7523 3: aud is a list with the issuer and another": ["401 invalid_client", "200 Bearer"],
    },
  ),
  ...decidedBy(
    "RFC 7523 3: the server may reject JWTs with an exp that is unreasonably far in the future; a used jti need not be kept for ever.",
    {
      "RFC 7523 3: exp in a year": ["401 invalid_client", "200 Bearer"],
      "RFC 7523 3: exp is 1e300": ["401 invalid_client", "200 Bearer"],
    },
  ),
  ...decidedBy(
    "RFC 7519 4.1.6: iat is when the JWT was issued, which cannot be later than now; a lifetime cannot be counted from it.",
    {
      "RFC 7523 3: iat in an hour": ["401 invalid_client", "200 Bearer"],
    },
  ),
  ...decidedBy("RFC 7515 4.1.4: kid is a hint. The client has one key, and the signature is that key's.", {
    "RFC 7515 4.1.4: an unknown kid": ["200 Bearer", "401 invalid_client"],
  }),
  ...decidedBy("RFC 8725 3.11: explicit typing. What calls itself another kind of token is no client assertion.", {
    "RFC 8725 3.11: typ of an access token": ["401 invalid_client", "200 Bearer"],
    "RFC 8725 3.11: typ of a DPoP proof": ["401 invalid_client", "200 Bearer"],
  }),
  ...decidedBy(
    "RFC 8725 3.10: do not trust received claims. A key in the header is the sender's choice (CVE-2018-0114), so such a JWT is refused whatever signed it.",
    {
      "RFC 7515 4.1.3: a key in the header": ["401 invalid_client", "200 Bearer"],
    },
  ),
  ...decidedBy("RFC 7515 2: base64url with all trailing = characters omitted.", {
    "RFC 7515 7.1: padding": ["401 invalid_client", "200 Bearer"],
  }),
  ...decidedBy("RFC 7523 3.2: if the JWT is not valid the value of error MUST be invalid_client.", {
    "RFC 7515 7.1: an empty assertion": ["401 invalid_client", "400 invalid_request"],
    "RFC 7515 7.1: a word": ["401 invalid_client", "400 invalid_request"],
    "RFC 7515 7.1: three letters": ["401 invalid_client", "400 invalid_request"],
    "RFC 7515 7.1: two parts": ["401 invalid_client", "400 invalid_request"],
    "RFC 7515 7.1: four parts": ["401 invalid_client", "400 invalid_request"],
    "RFC 7515 7.1: five parts": ["401 invalid_client", "400 invalid_request"],
    "RFC 7519 7.2: claims that are a list": ["401 invalid_client", "400 invalid_request"],
    "RFC 7519 7.2: claims that are null": ["401 invalid_client", "400 invalid_request"],
    "RFC 7519 7.2: claims that are no JSON": ["401 invalid_client", "400 invalid_request"],
  }),
  ...decidedBy(
    "RFC 9449 4.3: the nonce is checked if the server provided a nonce to the client, and this one gives none.",
    {
      "RFC 9449 8: a nonce that the server never gave": ["200 DPoP", "400 invalid_dpop_proof"],
    },
  ),
  ...decidedBy(
    "RFC 9449 5: a client that wants a bound token sends the header. One whose proof got lost on the way must not be given a bearer token in silence.",
    {
      "RFC 9449 4.3: an empty header is none": ["400 invalid_dpop_proof", "200 Bearer"],
    },
  ),
  ...decidedBy("RFC 9449 5: for an invalid proof the value of error is invalid_dpop_proof.", {
    "RFC 9449 11.1: the same proof twice": [
      "200 DPoP, then 400 invalid_dpop_proof",
      "200 DPoP, then 400 invalid_grant",
    ],
  }),
  ...decidedBy(
    "RFC 7009 2.2: invalid tokens do not cause an error response. A token of another organization does not exist here; an error would tell that it does.",
    {
      "RFC 7009 2.1: another client's token stays alive": [
        "200, then 200 active",
        "400 invalid_request, then 200 active",
      ],
    },
  ),
  ...decidedBy("RFC 7662 2.2: active MUST be false where the asker is not allowed to introspect this token.", {
    "RFC 7662 2.2: another client's token of another organization": ["200 inactive", "200 active"],
  }),
};
