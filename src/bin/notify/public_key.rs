//! `--show-public-key`: the VAPID public key in the formats that other tools take.

use barepush::cli::CliError;
use barepush::push::VapidError;
use serde_json::json;

use crate::args::Args;
use crate::stdout::print;

/// Prints base64url, which browsers and most libraries take, hex, JWK (RFC 7517) and SPKI in PEM (RFC 5480).
pub(crate) fn show(args: &Args) -> Result<(), CliError> {
    let key = args.key()?.public_key_formats().map_err(CliError::hinted(VapidError::hint))?;
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": key.x, "y": key.y});
    let text = match args.json {
        true => format!("{}\n", json!({"base64url": key.base64url, "hex": key.hex, "jwk": jwk, "pem": key.pem})),
        false => format!("base64url  {}\nhex        {}\nJWK        {jwk}\nPEM\n{}", key.base64url, key.hex, key.pem),
    };
    print(&text)
}
