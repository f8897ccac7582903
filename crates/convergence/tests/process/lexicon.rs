//! `LEXICON_FILE` as an operator has it: a bad one keeps the server from starting, and no command from working.

use crate::{GUARDED, folder_with_keys, run};

#[test]
fn a_bad_lexicon_keeps_the_server_from_starting_and_names_its_lines() {
    let folder = folder_with_keys();
    let settings = [GUARDED, &[("LEXICON_FILE", "lexicon.txt")]].concat();
    let refused = || {
        let output = run(folder.path(), &["serve"], &settings);
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(refused().contains("LEXICON_FILE: the file cannot be read"), "{}", refused());
    let file = folder.path().join("lexicon.txt");
    std::fs::write(&file, "nginx = engine x\nk8s = 8\nno sign\n").expect("a file");
    let said = refused();
    assert!(said.contains("LEXICON_FILE: line 2: the respelling has `8`"), "{said}");
    assert!(said.contains("LEXICON_FILE: line 3: must be"), "{said}");
    std::fs::write(&file, vec![b'#'; (1 << 20) + 1]).expect("a file");
    assert!(refused().contains("LEXICON_FILE: the file has 1048577 bytes"), "{}", refused());
    let listed = run(folder.path(), &["keys", "list"], &settings);
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
}
