use proptest::prelude::*;

use super::*;
use crate::kokoro::protobuf::{bytes_field, number_field};

const LEFT: &[u8] = b"/encoder/predictor/text_encoder/Concat_4_output_0";

/// Attributes as ONNX Runtime writes them: of each its name, and its number.
const ATTRIBUTES: [(&[u8], u64); 4] =
    [(b"transBatchB", 0), (b"transBatchA", 0), (b"transB", 0), (b"transA", 1)];

fn node(operator: &[u8], inputs: &[&[u8]], attributes: &[(&[u8], u64)]) -> Vec<u8> {
    let mut node = Vec::new();
    for input in inputs {
        bytes_field(&mut node, NODE_INPUT, input);
    }
    bytes_field(&mut node, NODE_OUTPUT, b"/encoder/MatMul_output_0");
    bytes_field(&mut node, NODE_OPERATOR, operator);
    for (name, number) in attributes {
        let mut attribute = Vec::new();
        bytes_field(&mut attribute, ATTRIBUTE_NAME, name);
        number_field(&mut attribute, ATTRIBUTE_INTEGER, *number);
        number_field(&mut attribute, ATTRIBUTE_TYPE, 2);
        bytes_field(&mut node, NODE_ATTRIBUTE, &attribute);
    }
    let mut alpha = Vec::new();
    bytes_field(&mut alpha, ATTRIBUTE_NAME, b"alpha");
    // A number of four bytes.
    alpha.push(0x15);
    alpha.extend(1_f32.to_le_bytes());
    bytes_field(&mut node, NODE_ATTRIBUTE, &alpha);
    bytes_field(&mut node, 7, b"com.microsoft");
    node
}

fn fused() -> Vec<u8> {
    node(b"FusedMatMul", &[LEFT, b"/encoder/Cast_4_output_0"], &ATTRIBUTES)
}

fn model(nodes: &[Vec<u8>]) -> Vec<u8> {
    let (mut graph, mut model) = (Vec::new(), Vec::new());
    for node in nodes {
        bytes_field(&mut graph, GRAPH_NODE, node);
    }
    bytes_field(&mut graph, 5, &[7; 300]);
    number_field(&mut model, 1, 9);
    bytes_field(&mut model, MODEL_GRAPH, &graph);
    model
}

/// The operators of a model, each with its inputs and outputs.
fn operators(model: &[u8]) -> Vec<(String, Vec<String>, Vec<String>)> {
    let graph = messages(model, 0..model.len(), MODEL_GRAPH).next().expect("a graph").expect("whole").1;
    let text = |place: Range<usize>| String::from_utf8_lossy(&model[place]).into_owned();
    let all = |node: Range<usize>, number| -> Vec<String> {
        messages(model, node, number).map(|field| text(field.expect("whole").1)).collect()
    };
    let nodes = messages(model, graph, GRAPH_NODE).map(|node| node.expect("whole").1);
    nodes
        .map(|node| {
            let operator = all(node.clone(), NODE_OPERATOR).concat();
            (operator, all(node.clone(), NODE_INPUT), all(node, NODE_OUTPUT))
        })
        .collect()
}

#[test]
fn the_fused_node_becomes_two_in_its_place() {
    let other = node(b"Add", &[b"a", b"b"], &[]);
    let before = model(&[other.clone(), fused(), other.clone()]);
    let mut after = before.clone();
    split_fused_matmul(&mut after).expect("one to rewrite");
    let names: Vec<String> = operators(&after).into_iter().map(|(operator, ..)| operator).collect();
    assert_eq!(names, ["Add", "Transpose", "MatMul", "Add"]);
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let [left, right, result, between] = [
        "/encoder/predictor/text_encoder/Concat_4_output_0",
        "/encoder/Cast_4_output_0",
        "/encoder/MatMul_output_0",
        "speech/transposed",
    ];
    assert_eq!(operators(&after)[1], ("Transpose".to_owned(), owned(&[left]), owned(&[between])));
    assert_eq!(operators(&after)[2], ("MatMul".to_owned(), owned(&[between, right]), owned(&[result])));
    // Nothing else has changed.
    assert_eq!(operators(&after)[0], operators(&before)[0]);
    assert_eq!(after[after.len() - 300..], before[before.len() - 300..]);
    assert_eq!(split_fused_matmul(&mut after), Err(Fault::NotOne(0)));
}

#[test]
fn what_it_cannot_rewrite_it_leaves_as_it_was() {
    let inputs: [&[u8]; 2] = [LEFT, b"right"];
    let turned =
        |name: &'static [u8], number| node(b"FusedMatMul", &inputs, &[(b"transA", 1), (name, number)]);
    for (nodes, fault) in [
        (vec![], Fault::NotOne(0)),
        (vec![fused(), fused()], Fault::NotOne(2)),
        (vec![turned(b"transB", 1)], Fault::OtherProduct),
        (vec![turned(b"transBatchA", 1)], Fault::OtherProduct),
        (vec![turned(b"somethingNew", 0)], Fault::OtherProduct),
        (vec![node(b"FusedMatMul", &inputs, &[(b"transA", 0)])], Fault::OtherProduct),
        (vec![node(b"FusedMatMul", &inputs[..1], &ATTRIBUTES)], Fault::OtherProduct),
        (vec![node(b"FusedMatMul", &inputs, &[(b"transA", 1)])], Fault::NoRoom),
    ] {
        let before = model(&nodes);
        let mut after = before.clone();
        assert_eq!(split_fused_matmul(&mut after), Err(fault));
        assert_eq!(after, before);
    }
}

#[test]
fn a_model_that_breaks_off_is_a_fault_wherever_it_does() {
    let whole = model(&[fused()]);
    for length in 0..whole.len() {
        let mut cut = whole[..length].to_vec();
        split_fused_matmul(&mut cut).expect_err("half a model");
        assert_eq!(cut, whole[..length]);
    }
}

proptest! {
    /// `written` fills any room that is large enough, but for the few lengths that no count of spaces gives.
    #[test]
    fn the_new_nodes_fill_the_room_exactly(names in "[a-z/]{1,60}", spare in 0_usize..400) {
        let product = Product { left: names.clone().into(), right: names.clone().into(), result: names.into() };
        let shortest = (0..400).find_map(|length| written(&product, length)).expect("some room").len();
        match written(&product, shortest + spare) {
            Some(nodes) => prop_assert_eq!(nodes.len(), shortest + spare),
            None => prop_assert!(written(&product, shortest + spare + 1).is_some()),
        }
    }

    #[test]
    fn damaged_bytes_are_a_fault_or_still_a_model(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut damaged = model(&[fused()]);
        let at = at.index(damaged.len());
        damaged[at] = byte;
        let before = damaged.clone();
        if split_fused_matmul(&mut damaged).is_err() {
            prop_assert_eq!(damaged, before);
        }
    }
}
