use super::*;

const DIFF: &str = r#"diff --git a/bin b/bin
index c1b0730..d5d0b8b 100644
Binary files a/bin and b/bin differ
diff --git "a/sub/a\"b.txt" "b/sub/a\"b.txt"
new file mode 100644
index 0000000..14c76a1
--- /dev/null
+++ "b/sub/a\"b.txt"
@@ -0,0 +1 @@
+q"t
diff --git "a/\321\204\320\260 \320\271\320\273.txt" "b/\321\204\320\260 \320\271\320\273.txt"
index de98044..36ef1ba 100644
--- "a/\321\204\320\260 \320\271\320\273.txt"	
+++ "b/\321\204\320\260 \320\271\320\273.txt"	
@@ -1,3 +1,3 @@
 a
-b
-c
+B
+c
\ No newline at end of file
diff --git a/old name.py b/new name.py
similarity index 90%
rename from old name.py
rename to new name.py
index 1..2 100644
--- a/old name.py	
+++ b/new name.py	
@@ -10,4 +10,3 @@ def f():
 x
--- y
---- a/z
+++ b/w
 
@@ -40 +39,0 @@
-gone
diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
diff --git a/gone.py b/gone.py
deleted file mode 100644
index 1..0
--- a/gone.py
+++ /dev/null
@@ -1 +0,0 @@
-pass
"#;

#[test]
fn files_have_their_names_whatever_is_in_them() {
    let files = parse(DIFF).unwrap();
    let names: Vec<_> = files
        .iter()
        .map(|file| format!("{} [{}] {}", file.path, file.note, file.hunks.len()))
        .collect();
    insta::assert_snapshot!(names.join("\n"), @r#"
    bin [] 0
    sub/a"b.txt [new] 1
    фа йл.txt [] 1
    new name.py [renamed from old name.py] 2
    run.sh [] 0
    gone.py [deleted] 1
    "#);
    assert!(files[0].binary && !files[1].binary);
}

#[test]
fn lines_have_the_numbers_of_the_new_file() {
    let files = parse(DIFF).unwrap();
    insta::assert_snapshot!(files[3].text(), @r"
    === new name.py (renamed from old name.py)
    @@ def f():
        10| x
    -     | -- y
    -     | --- a/z
    +   11| ++ b/w
        12|
    @@
    -     | gone
    ");
    let lines = Lines::of(&files);
    assert!(lines.has("new name.py", 11) && lines.has("new name.py", 12));
    assert!(!lines.has("new name.py", 13) && !lines.has("new name.py", 40) && !lines.has("gone.py", 1));
    assert!(lines.has_file("bin") && !lines.has_file("old name.py"));
}

#[test]
fn what_git_does_not_print_is_refused() {
    let message = |text: &str| parse(text).unwrap_err().message().to_owned();
    insta::assert_snapshot!(message("fatal: x\n"), @"line 1 of what `git diff-tree` printed is not understood: no file is named before `fatal: x`");
    let start = "diff --git a/x b/x\n--- a/x\n+++ b/x\n";
    insta::assert_snapshot!(message(&format!("{start}@@ -1,2 +1 @@\n x\n")), @"what `git diff-tree` printed ends in the middle of a hunk");
    insta::assert_snapshot!(message(&format!("{start}@@ -1 +1 @@\n-a\n-b\n+c\n")), @"line 6 of what `git diff-tree` printed is not understood: a hunk has more lines than it says");
    insta::assert_snapshot!(message(&format!("{start}@@ -x +1 @@\n")), @"line 4 of what `git diff-tree` printed is not understood: `@@ -x +1 @@`");
    insta::assert_snapshot!(message(&format!("{start}@@ -1 +1 @@\n*\n")), @"line 5 of what `git diff-tree` printed is not understood: `*`");
}

#[test]
fn parts_hold_whole_files_then_hunks_then_lines() {
    let files = parse(DIFF).unwrap();
    let all = parts(&files, 10_000);
    assert_eq!(all.len(), 1);
    for capacity in [100, 120, 200, 300] {
        let parts = parts(&files, capacity);
        assert!(
            parts.iter().all(|part| part.len() <= capacity),
            "{capacity}: {parts:#?}"
        );
        // Nothing is left out.
        for line in all[0].lines() {
            assert!(
                parts.iter().any(|part| part.lines().any(|there| there == line)),
                "{capacity}: {line}"
            );
        }
    }
    insta::assert_snapshot!(parts(&files[3..4], 100).join("-----\n"), @r"
    === new name.py (renamed from old name.py)
    @@ def f():
        10| x
    -     | -- y
    -     | --- a/z
    -----
    === new name.py (renamed from old name.py)
    @@ def f():
    +   11| ++ b/w
        12|
    -----
    === new name.py (renamed from old name.py)
    @@
    -     | gone
    ");
}

#[test]
fn a_line_too_long_for_a_part_is_in_several() {
    let line = "ж".repeat(500);
    let files = parse(&format!(
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +7 @@\n+{line}\n"
    ))
    .unwrap();
    let parts = parts(&files, 200);
    assert!(
        parts
            .iter()
            .all(|part| part.len() <= 200 && part.contains("+    7| "))
    );
    let text: String = parts
        .iter()
        .flat_map(|part| part.chars().filter(|&c| c == 'ж'))
        .collect();
    assert_eq!(text, line);
}
