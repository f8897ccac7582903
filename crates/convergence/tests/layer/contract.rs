//! What users' code may rely on and no signature shows: what can be sent between threads, copied and printed. The
//! signatures are listed in `tests/house/api.rs`.

use std::error::Error;
use std::fmt::Debug;

use axum::http::{Request, Response};
use convergence::{
    ApiKeyLayer, ApiKeyService, Client, Engine, Fault, Mode, ResponseBody, ResponseFuture, Settings,
    StartError, Status,
};

fn shared<T: Send + Sync + Unpin + 'static>() {}
fn copied<T: Clone>() {}
fn printed<T: Debug>() {}
fn error<T: Error + Send + Sync + 'static>() {}

#[test]
fn the_types_can_be_shared_copied_and_printed() {
    type Answers = std::future::Ready<Result<Response<String>, std::convert::Infallible>>;
    type Inner = tower::util::ServiceFn<fn(Request<String>) -> Answers>;
    shared::<Engine>();
    shared::<ApiKeyLayer>();
    shared::<ApiKeyService<()>>();
    shared::<ResponseFuture<Inner, String>>();
    shared::<ResponseBody<String>>();
    shared::<Client>();
    shared::<Settings>();
    shared::<Status>();
    copied::<ApiKeyLayer>();
    copied::<ApiKeyService<()>>();
    copied::<Client>();
    copied::<Settings>();
    copied::<Status>();
    copied::<Mode>();
    printed::<Engine>();
    printed::<ApiKeyLayer>();
    printed::<ApiKeyService<()>>();
    printed::<ResponseFuture<Inner, String>>();
    printed::<ResponseBody<String>>();
    printed::<Client>();
    printed::<Status>();
    error::<StartError>();
    error::<Fault>();
}
