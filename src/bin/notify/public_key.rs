//! `--show-public-key`: the VAPID public key in the formats that other tools take.

use barepush::cli::{CliError, print};
use base64ct::{Base64UrlUnpadded, Encoding};
use p256::pkcs8::{EncodePublicKey, LineEnding};
use serde_json::json;

use crate::args::Args;

/// Prints base64url, which browsers and most libraries take, hex, JWK (RFC 7517) and SPKI in PEM (RFC 5480), as openssl and py-vapid
/// write it.
pub(crate) fn show(args: &Args) -> Result<(), CliError> {
    let key = args.key()?;
    let base64url = key.public_key();
    // 0x04, 32 bytes of x, 32 bytes of y.
    let point = key.public_point().to_sec1_bytes();
    let hex: String = point.iter().map(|byte| format!("{byte:02x}")).collect();
    let [x, y] = [&point[1..33], &point[33..]].map(Base64UrlUnpadded::encode_string);
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
    let pem = key.public_point().to_public_key_pem(LineEnding::LF);
    let pem = pem.map_err(|e| CliError::local(e, "report this with the version of barepush"))?;
    let text = match args.json {
        true => format!("{}\n", json!({"base64url": base64url, "hex": hex, "jwk": jwk, "pem": pem})),
        false => format!("base64url  {base64url}\nhex        {hex}\nJWK        {jwk}\nPEM\n{pem}"),
    };
    print(&text)
}
