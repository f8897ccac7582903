//! The programs that `benches/gateway.sh` runs beside the servers it compares: an upstream, a proxy that does nothing but
//! proxy, and a client that counts latency from the time at which a request was due. Each is one thread.
//!
//! `cargo bench -p convergence --bench gateway -- PART name=value ...`; without a part it says what there is.

mod bare;
mod check;
mod client;
mod given;
mod idle;
mod keys;
mod rate;
mod tls;
mod upstream;

use std::process::ExitCode;

use given::Given;
use tokio::runtime::{Builder, LocalOptions};

const PARTS: &str = "\
upstream port=                                  answers /small, /large (64 KiB) and /name (who the proxy says it is)
bare     port= [upstream=] [cert= key=]         proxies and asks nobody for a key; without an upstream, answers 200
check    url= keys= [count=] [ca=] [...]        every key in turn; the first wrong answer is an error
rate     url= keys= rate= seconds= [ca=]        so many requests a second; prints a line of JSON
idle     url= keys= connections= [ca=]          opens connections, uses each once, and holds them until its input ends";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "a program's errors; what is measured goes to standard output")]
fn report(error: &anyhow::Error) {
    eprintln!("{error:#}");
}

fn run() -> anyhow::Result<()> {
    // `cargo bench` adds a word of its own.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let Some((part, words)) = words.split_first() else {
        println!("{PARTS}");
        return Ok(());
    };
    let given = Given::new(words)?;
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    runtime.block_on(async {
        match part.as_str() {
            "upstream" => upstream::run(&given).await,
            "bare" => bare::run(&given).await,
            "check" => check::run(&given).await,
            "rate" => rate::run(&given).await,
            "idle" => idle::run(&given).await,
            other => anyhow::bail!("no part is called {other}; there are:\n{PARTS}"),
        }
    })
}
