//! Any bytes as what an upstream sends over HTTP/1: reading them never panics, and what is read does not depend on the
//! pieces in which they come.
//!
//! `cargo +nightly fuzz run upstream`. The input's first byte is the request's method, its second the length of the pieces;
//! the rest is what comes.
#![no_main]

use libfuzzer_sys::fuzz_target;

// Without the server around it, which would take minutes to build with a fuzzer's flags.
#[path = "."]
#[allow(dead_code)]
mod wire {
    #[path = "../../crates/convergence/src/wire/fields.rs"]
    mod fields;
    #[path = "../../crates/convergence/src/wire/line.rs"]
    pub(crate) mod line;

    pub(crate) use fields::{Fields, is};
}

#[path = "."]
#[allow(dead_code)]
mod upstream {
    #[path = "../../crates/convergence/src/upstream/fault.rs"]
    pub(crate) mod fault;
    #[path = "../../crates/convergence/src/upstream/message.rs"]
    pub(crate) mod message;

    #[path = "."]
    pub(crate) mod http1 {
        #[path = "../../crates/convergence/src/upstream/http1/body.rs"]
        mod body;
        #[path = "../../crates/convergence/src/upstream/http1/head.rs"]
        mod head;

        use bytes::BytesMut;
        use http::Method;

        use self::body::{Framing, Taken};
        use super::fault::BadAnswer;

        /// The first answer that is not an interim one, as far as it goes.
        #[derive(Debug, Default, PartialEq, Eq)]
        pub(crate) struct Read {
            pub(crate) heads: Vec<String>,
            pub(crate) body: Vec<u8>,
            pub(crate) trailers: Option<String>,
            /// What of the input stands behind the answer, once that has ended.
            pub(crate) left: Option<usize>,
            pub(crate) fault: Option<BadAnswer>,
        }

        pub(crate) fn read(method: &Method, pieces: &mut dyn Iterator<Item = &[u8]>) -> Read {
            let (mut read, mut bytes, mut framing) = (Read::default(), BytesMut::new(), None);
            for piece in pieces {
                bytes.extend_from_slice(piece);
                if read.left.is_none() && read.fault.is_none() {
                    read.fault = step(&mut read, &mut bytes, &mut framing, method).err();
                }
            }
            if let Some(length) = &mut read.left {
                *length = bytes.len();
            }
            read
        }

        fn step(
            read: &mut Read,
            bytes: &mut BytesMut,
            framing: &mut Option<Framing>,
            method: &Method,
        ) -> Result<(), BadAnswer> {
            while framing.is_none() {
                let Some(head) = head::take(bytes, method)? else { return Ok(()) };
                let (status, version) = (head.answer.status, head.answer.version);
                let fields: Vec<_> = head.answer.fields.iter().collect();
                read.heads.push(format!("{version:?} {status} {fields:?} {:?} {}", head.framing, head.keep_alive));
                if !status.is_informational() {
                    *framing = Some(head.framing);
                }
            }
            loop {
                match framing.as_mut().expect("a head has come").take(bytes)? {
                    Taken::More => return Ok(()),
                    Taken::End => {
                        read.left = Some(0);
                        return Ok(());
                    }
                    Taken::Frame(frame) => match frame.into_data() {
                        Ok(data) => {
                            assert!(!data.is_empty(), "an empty piece looks like no progress");
                            read.body.extend_from_slice(&data);
                        }
                        Err(frame) => read.trailers = Some(format!("{frame:?}")),
                    },
                }
            }
        }
    }
}

use http::Method;
use upstream::http1::read;

fuzz_target!(|data: &[u8]| {
    let [method, length, bytes @ ..] = data else { return };
    let method = if method % 2 == 0 { Method::GET } else { Method::HEAD };
    let whole = read(&method, &mut std::iter::once(bytes));
    let pieces = read(&method, &mut bytes.chunks(usize::from(*length).max(1)));
    assert_eq!(whole, pieces);
    assert!(whole.body.len() + whole.left.unwrap_or_default() <= bytes.len());
    if method == Method::HEAD {
        assert!(whole.body.is_empty(), "a body where there is none");
    }
});
