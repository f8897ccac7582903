//! `convergence generate` with a speech server of others, and the flags that say who speaks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program;

/// Half a second of a tone for whatever is asked, and what that is.
fn humming() -> (String, mpsc::Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let (send, asked) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            let send = send.clone();
            std::thread::spawn(move || hum(stream, &send));
        }
    });
    (base, asked)
}

/// One request of a connection, and its answer.
fn hum(mut stream: TcpStream, asked: &mpsc::Sender<Value>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a head");
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    asked.send(serde_json::from_slice(&body).expect("JSON")).expect("a test that runs");
    let sound: Vec<u8> = (0..12_000_i16).flat_map(|at| (at % 120 * 100 - 6_000).to_le_bytes()).collect();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: audio/pcm\r\nconnection: close\r\n";
    write!(stream, "{head}content-length: {}\r\n\r\n", sound.len()).expect("a client");
    stream.write_all(&sound).expect("a client");
}

#[test]
fn a_conversation_is_spoken_elsewhere_and_by_whom_the_flags_say() {
    let folder = TempDir::new().expect("a folder");
    let (base, asked) = humming();
    let flags = [
        &["generate", "--prompt", "Lighthouses", "--vibe", "calm", "--json"][..],
        &["--speakers", "Mara Lind (female, keeper), Tom (male)"],
        &[
            "--tts-base-url",
            &base,
            "--tts-model",
            "m",
            "--tts-voice-female",
            "her",
            "--tts-voice-male",
            "him",
        ],
    ];
    let output = program(folder.path(), &flags.concat()).output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let made: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&made["voice_engine"], &made["script_source"]), (&json!("tts"), &json!("template")));
    let first = &made["transcript"][0];
    assert_eq!(
        (&first["name"], &first["gender"], &first["role"], &made["transcript"][1]["name"]),
        (&json!("Mara Lind"), &json!("female"), &json!("keeper"), &json!("Tom"))
    );
    let asked: Vec<Value> = asked.try_iter().collect();
    assert_eq!(Some(asked.len()), made["transcript"].as_array().map(Vec::len));
    for said in &asked {
        assert_eq!(
            (&said["model"], &said["instructions"]),
            (&json!("m"), &json!("Speak in this mood: calm"))
        );
    }
    let voices: Vec<&Value> = asked.iter().map(|asked| &asked["voice"]).collect();
    assert!(voices.contains(&&json!("her")) && voices.contains(&&json!("him")), "{voices:?}");
}

#[test]
fn an_outline_may_be_a_document_of_an_office_program() {
    let folder = TempDir::new().expect("a folder");
    let (base, _asked) = humming();
    let outline = concat!(env!("CARGO_MANIFEST_DIR"), "/src/providers/testdata/outline.odt");
    let tts =
        ["--tts-base-url", &base, "--tts-model", "m", "--tts-voice-female", "her", "--tts-voice-male", "him"];
    let flags = [&["generate", "--outline", outline, "--json", "--quiet"], &tts[..]].concat();
    let output = program(folder.path(), &flags).output().expect("the program runs");
    let made: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(made["outline_coverage"].as_array().map(Vec::len), Some(14), "{made}");
    std::fs::write(folder.path().join("broken.DOCX"), "PK").expect("a file");
    let output =
        program(folder.path(), &["generate", "--outline", "broken.DOCX"]).output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("--outline: broken.DOCX is not a document, or is damaged"), "{said}");
}

#[test]
fn faults_of_the_speakers_are_told_by_their_flag() {
    let folder = TempDir::new().expect("a folder");
    for (speakers, words) in [
        ("Ann (female)", "--speakers: must be two people, as in 'Ann (female, keeper), Ben (male)'"),
        ("Ann, Ben", "--speakers: must be two people"),
        ("Ann (female), Ben ()", "--speakers[1].gender: is required"),
        ("Ann (female), Ben (robot)", "--speakers[1].gender: "),
        ("Ann (female), Ann (male)", "--speakers: must have two different names"),
    ] {
        let output = program(folder.path(), &["generate", "--prompt", "x", "--speakers", speakers]).output();
        let output = output.expect("the program runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(words), "{speakers}: {said}");
    }
}
