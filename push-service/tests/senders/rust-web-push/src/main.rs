//! `rust-web-push-sender SUBSCRIPTION-JSON PRIVATE-KEY`: sends `hello` with the crate web-push as its README shows, and prints the
//! status that its result stands for.

use web_push::{
    ContentEncoding, IsahcWebPushClient, SubscriptionInfo, VapidSignatureBuilder, WebPushClient, WebPushError,
    WebPushMessageBuilder,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let subscription: SubscriptionInfo = serde_json::from_str(&arguments.next().ok_or("no subscription")?)?;
    let key = arguments.next().ok_or("no private key")?;
    let mut signature = VapidSignatureBuilder::from_base64(&key, &subscription)?;
    signature.add_claim("sub", "mailto:test@example.com");
    let mut message = WebPushMessageBuilder::new(&subscription);
    message.set_payload(ContentEncoding::Aes128Gcm, b"hello");
    message.set_ttl(60);
    message.set_vapid_signature(signature.build()?);
    let sent = futures_lite::future::block_on(IsahcWebPushClient::new()?.send(message.build()?));
    match sent {
        Ok(()) => println!("201"),
        Err(WebPushError::EndpointNotValid(_)) => println!("410"),
        Err(WebPushError::EndpointNotFound(_)) => println!("404"),
        Err(WebPushError::Other(info)) => println!("{}", info.code),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
