//! The protocol buffers of Google's check-in and message channel: of each, the fields that are used here, by their numbers in
//! Chromium's `checkin.proto` and `mcs.proto`. Edit it to read or send one more field.

use prost::Message;

/// `AndroidCheckinRequest`: Chromium asks for its id, or has one already.
#[derive(Clone, PartialEq, Message)]
pub(super) struct CheckInRequest {
    #[prost(int64, tag = "2")]
    pub(super) android_id: i64,
    #[prost(fixed64, tag = "13")]
    pub(super) security_token: u64,
}

/// `AndroidCheckinResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct CheckInResponse {
    #[prost(bool, required, tag = "1")]
    pub(super) stats_ok: bool,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "3")]
    pub(super) time_msec: i64,
    #[prost(fixed64, tag = "7")]
    pub(super) android_id: u64,
    #[prost(fixed64, tag = "8")]
    pub(super) security_token: u64,
}

/// `HeartbeatPing`; `HeartbeatAck` has the same fields.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Heartbeat {
    #[prost(int32, tag = "2")]
    pub(super) last_stream_id_received: i32,
}

/// `LoginRequest`: the first message that Chromium sends.
#[derive(Clone, PartialEq, Message)]
pub(super) struct LoginRequest {
    /// The id that the check-in gave, in decimal.
    #[prost(string, required, tag = "4")]
    pub(super) resource: String,
    /// The security token that the check-in gave, in decimal.
    #[prost(string, required, tag = "5")]
    pub(super) auth_token: String,
    /// Messages that Chromium has received and not yet acknowledged.
    #[prost(string, repeated, tag = "10")]
    pub(super) received_persistent_ids: Vec<String>,
}

/// `LoginResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct LoginResponse {
    /// Chromium demands it and ignores what it says.
    #[prost(string, required, tag = "1")]
    pub(super) id: String,
    #[prost(message, optional, tag = "3")]
    pub(super) error: Option<ErrorInfo>,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "8")]
    pub(super) server_timestamp: i64,
}

/// `ErrorInfo`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ErrorInfo {
    /// As in HTTP: 401.
    #[prost(int32, required, tag = "1")]
    pub(super) code: i32,
}

/// `IqStanza`: with it Chromium acknowledges messages.
#[derive(Clone, PartialEq, Message)]
pub(super) struct IqStanza {
    #[prost(int32, tag = "10")]
    pub(super) last_stream_id_received: i32,
}

/// `DataMessageStanza`: one push message.
#[derive(Clone, PartialEq, Message)]
pub(super) struct DataMessage {
    #[prost(string, required, tag = "3")]
    pub(super) from: String,
    #[prost(string, required, tag = "5")]
    pub(super) category: String,
    #[prost(message, repeated, tag = "7")]
    pub(super) app_data: Vec<AppData>,
    #[prost(string, tag = "9")]
    pub(super) persistent_id: String,
    /// Seconds.
    #[prost(int32, tag = "17")]
    pub(super) ttl: i32,
    #[prost(bytes = "vec", optional, tag = "21")]
    pub(super) raw_data: Option<Vec<u8>>,
    #[prost(bool, tag = "24")]
    pub(super) immediate_ack: bool,
}

/// `AppData`: one header of a push message.
#[derive(Clone, PartialEq, Message)]
pub(super) struct AppData {
    #[prost(string, required, tag = "1")]
    pub(super) key: String,
    #[prost(string, required, tag = "2")]
    pub(super) value: String,
}
