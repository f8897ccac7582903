//! How fast the neural voice speaks, and in how much memory: `cargo bench -p speech`, with the voices in `VOICES_DIR` or in
//! `voices/` at the workspace's root.
//!
//! A dialogue of 170 words is spoken by one worker and by two, each in a process of its own. The real-time factor is the
//! time that it takes over the time that it lasts: below 1, speech is made faster than it is heard. What else runs on the
//! machine counts in: the load is printed beside it. Nothing is judged here.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use speech::kokoro::{DEFAULT_PAIR, Kokoro, SAMPLE_RATE, Voice};
use speech::phonemes::{Accent, English};

const DIALOGUE: [&str; 10] = [
    "Good morning, and welcome back. Today we are going to talk about keys: who has them, and who should not.",
    "Thanks for having me. I have lost more keys than I would like to admit, so this one is close to my heart.",
    "Then let us begin with the simplest question. What happens when somebody leaves the company?",
    "In most places, nothing at all. The key goes on working for years, and nobody remembers whose it was.",
    "That sounds frightening. How would you find out which keys are still in use?",
    "You count. Every request is written down with the name of its client, so a quiet key stands out after a week.",
    "And once you have found such a key, do you delete it right away?",
    "No, I would give it an end date first. If somebody complains, you move the date; if nobody does, it simply ends.",
    "I like that. It is a gentle way to be strict.",
    "Exactly. Security should be boring, and the best systems are those that nobody has to think about twice.",
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, workers] = &arguments[..]
        && word == "speak"
    {
        return speak(workers.parse().expect("main wrote a number"));
    }
    let words: usize = DIALOGUE.iter().map(|line| line.split(' ').count()).sum();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("\n{words} words; load before: {}", load.split(' ').next().unwrap_or("unknown"));
    println!("workers   load s   lexicon s   speech s   audio s   CPU s   real-time factor   peak MB");
    for workers in ["1", "2"] {
        let program = std::env::current_exe().expect("this program");
        let ended = std::process::Command::new(program).args(["speak", workers]).status();
        assert!(ended.is_ok_and(|status| status.success()), "{workers} workers failed");
    }
}

/// Speaks the dialogue by so many workers, and prints what it took.
fn speak(workers: usize) {
    let folder = voices();
    let started = Instant::now();
    let kokoro = Kokoro::load(&folder).unwrap_or_else(|error| panic!("{error}"));
    let voices =
        DEFAULT_PAIR.map(|name| Voice::load(&folder, name).unwrap_or_else(|error| panic!("{error}")));
    let loaded = started.elapsed().as_secs_f64();

    let started = Instant::now();
    let english = English::new(Accent::American);
    let lines = DIALOGUE.map(|line| english.read(line).expect("English"));
    let read = started.elapsed().as_secs_f64();

    let (next, samples) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (started, before) = (Instant::now(), cpu_seconds());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(line) = lines.get(index) else { return };
                    let spoken = kokoro.speak(line, &voices[index % 2], 1.0, &|| true).expect("it speaks");
                    samples.fetch_add(spoken.len(), Ordering::Relaxed);
                }
            });
        }
    });
    let (spoken, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds() - before);
    #[allow(clippy::cast_precision_loss, reason = "some minutes of samples")]
    let audio = samples.into_inner() as f64 / f64::from(SAMPLE_RATE);
    println!(
        "{workers:7} {loaded:8.2} {read:11.2} {spoken:10.1} {audio:9.1} {cpu:7.1} {:18.2} {:9}",
        spoken / audio,
        peak_megabytes()
    );
}

fn voices() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../voices");
    std::env::var_os("VOICES_DIR").map_or(here, PathBuf::from)
}

/// What this process has used of the processors.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    // After the name, which ends with the last parenthesis: field 14 and 15 count hundredths of a second, in and out of
    // the kernel (proc_pid_stat(5)).
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 =
        after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / 100.0
}

/// The most memory that this process has had at once.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() / 1024
}
