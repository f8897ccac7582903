//! `POST /hooks/sheet-changed`: the spreadsheet's script says that somebody has changed it. There only if
//! `SHEET_WEBHOOK_SECRET` is set; it needs no API key, but a signature.

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, Request, Response, StatusCode};
use serde::Serialize;
use tracing::debug;
use utoipa::ToSchema;

use super::json;
use crate::app::{App, Door};
use crate::http::body::{self, Answer};
use crate::http::code::Code;
use crate::http::problem::{Problem, no_keys_to_read};
use crate::http::webhook::{Genuine, MOST_BYTES, Notice, Refused, Webhook};
use crate::metrics::WebhookResult;
use crate::wire::RequestBody;

pub(in crate::http) const SHEET_CHANGED: &str = "/hooks/sheet-changed";

/// What signs a call.
const SIGNATURE: &str = "x-convergence-signature";

/// What became of a notice.
#[derive(Serialize, ToSchema)]
struct Taken {
    /// `accepted`, or `repeated` for a notice that was accepted before.
    status: &'static str,
}

#[utoipa::path(
    post,
    path = "/hooks/sheet-changed",
    tag = "Webhook",
    operation_id = "sheet_changed",
    summary = "Somebody has changed the sheet",
    description = "Sent by the spreadsheet's script, so that a change is read at once.",
    security(("Signature" = [])),
    request_body = Notice,
    responses(
        (status = 202, description = "The sheet is read.", body = Taken),
        (status = 200, description = "The same notice was taken before.", body = Taken),
    ),
    extensions(("x-codes" = json!([
        Code::SignatureRequired,
        Code::SignatureExpired,
        Code::InvalidSignature,
        Code::InvalidNotice,
        Code::TooManyNotices,
        Code::NoKeySource,
        Code::BodyTooLarge,
        Code::BodyUnreadable,
        Code::BodyTimeout,
    ]))),
)]
pub(crate) async fn answer(app: &App, webhook: &Webhook, request: Request<RequestBody>) -> Response<Answer> {
    let result = match take(app, webhook, request).await {
        Ok(result) => result,
        Err(answer) => {
            app.metrics.webhook(WebhookResult::Refused);
            return answer;
        }
    };
    match result {
        Genuine::New { changed_at } => {
            let Door::Guarded(guard) = &app.door else { return no_keys_to_read().answer() };
            guard.early.changed(changed_at);
            app.metrics.webhook(WebhookResult::Accepted);
            let mut answer = json(&Taken { status: "accepted" });
            *answer.status_mut() = StatusCode::ACCEPTED;
            answer
        }
        Genuine::Repeated => {
            app.metrics.webhook(WebhookResult::Repeated);
            json(&Taken { status: "repeated" })
        }
    }
}

/// Nothing is read of a body whose header cannot be right, and nothing is believed of one that is not signed.
async fn take(
    app: &App,
    webhook: &Webhook,
    request: Request<RequestBody>,
) -> Result<Genuine, Response<Answer>> {
    let (head, body) = request.into_parts();
    let mut values = head.headers.get_all(SIGNATURE).iter();
    let (Some(header), None) = (values.next(), values.next()) else {
        return Err(refusal(&Refused::NoSignature));
    };
    let now = app.clock.now().unix;
    let refused = |why: Refused| {
        debug!("a call of {SHEET_CHANGED} is refused: {why:?}");
        refusal(&why)
    };
    let signature = Webhook::timely(header.as_bytes(), now).map_err(refused)?;
    let body = body::read(body, MOST_BYTES, app.listen.body_timeout).await.map_err(|it| it.answer())?;
    webhook.take(&signature, &body, now).map_err(refused)
}

fn refusal(why: &Refused) -> Response<Answer> {
    let (code, detail) = match why {
        Refused::NoSignature => (
            Code::SignatureRequired,
            "sign the request: X-Convergence-Signature: t=UNIX_SECONDS,v1=HEX_HMAC_SHA256",
        ),
        Refused::WrongTime => (
            Code::SignatureExpired,
            "the signature's time is more than 300 s from this server's; sign anew, and check both clocks",
        ),
        Refused::WrongSignature => (
            Code::InvalidSignature,
            "the signature is not of this body; check that the script has the value of SHEET_WEBHOOK_SECRET",
        ),
        Refused::NoNotice => (
            Code::InvalidNotice,
            "the body must be a JSON object with id (a UUID), sent_at and edited_at (Unix milliseconds)",
        ),
        Refused::TooMany => (
            Code::TooManyNotices,
            "so many notices came in the last minutes that no more are taken; the sheet is read nevertheless",
        ),
    };
    let mut answer = Problem::new(code, detail).answer();
    if answer.status() == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static(r#"X-Convergence-Signature realm="convergence""#);
        answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    answer
}
