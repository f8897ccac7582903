//! Makes the model one that the runtime can run: its single `FusedMatMul`, an operator of ONNX Runtime's own, becomes the
//! standard `Transpose` and `MatMul`, which together do the same.
//!
//! The file is a protobuf message, and is changed in place: what comes in is padded to the length of what goes out, so that
//! no length and no offset around it changes. Field numbers are those of `onnx.proto3` (`ModelProto`, `GraphProto`,
//! `NodeProto`, `AttributeProto`). The bytes may be anything: nothing is read beyond their end, and on a fault they are
//! as they were.

use std::ops::Range;

use super::protobuf::{Field, Fields, Value, bytes_field, number_field};

const MODEL_GRAPH: u64 = 7;
const GRAPH_NODE: u64 = 1;
const NODE_INPUT: u64 = 1;
const NODE_OUTPUT: u64 = 2;
const NODE_OPERATOR: u64 = 4;
const NODE_ATTRIBUTE: u64 = 5;
const NODE_DOCUMENTATION: u64 = 6;
const ATTRIBUTE_NAME: u64 = 1;
const ATTRIBUTE_FLOAT: u64 = 2;
const ATTRIBUTE_INTEGER: u64 = 3;
const ATTRIBUTE_INTEGERS: u64 = 8;
const ATTRIBUTE_TYPE: u64 = 20;
/// The type of an attribute that is a list of integers.
const INTEGERS: u64 = 7;

/// What stands between the two new nodes.
const BETWEEN: &[u8] = b"speech/transposed";

/// Why a model was not rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// The bytes are no protobuf message, or break off.
    #[error("no protobuf message at byte {0}")]
    Malformed(usize),
    /// There is none to rewrite, or more than one.
    #[error("the graph has {0} FusedMatMul nodes, not one")]
    NotOne(usize),
    /// It does more than to transpose its first input and to multiply, or has other inputs.
    #[error("the FusedMatMul node is not a product of two with the first transposed")]
    OtherProduct,
    /// The new nodes are longer than the old one.
    #[error("the new nodes have no room in the place of the old one")]
    NoRoom,
}

/// Rewrites the one `FusedMatMul` of a model, whose inputs have three dimensions.
pub(super) fn split_fused_matmul(model: &mut [u8]) -> Result<(), Fault> {
    let (place, product) = find(model)?;
    let nodes = written(&product, place.len()).ok_or(Fault::NoRoom)?;
    model[place].copy_from_slice(&nodes);
    Ok(())
}

/// The names of what is multiplied, and of the result.
struct Product {
    left: Vec<u8>,
    right: Vec<u8>,
    result: Vec<u8>,
}

/// Where the node stands, its tag and length with it, and what it says.
fn find(model: &[u8]) -> Result<(Range<usize>, Product), Fault> {
    let mut found = Vec::new();
    for graph in messages(model, 0..model.len(), MODEL_GRAPH) {
        for node in messages(model, graph?.1, GRAPH_NODE) {
            let (place, body) = node?;
            for operator in messages(model, body.clone(), NODE_OPERATOR) {
                if &model[operator?.1] == b"FusedMatMul" {
                    found.push((place.clone(), body.clone()));
                }
            }
        }
    }
    match &found[..] {
        [(place, body)] => Ok((place.clone(), product(model, body.clone())?)),
        _ => Err(Fault::NotOne(found.len())),
    }
}

/// The fields with this number that have bytes: each one's place as a whole, and its content.
fn messages(
    bytes: &[u8],
    within: Range<usize>,
    number: u64,
) -> impl Iterator<Item = Result<(Range<usize>, Range<usize>), Fault>> {
    Fields::new(bytes, within).filter_map(move |field| match field {
        Ok(Field { number: found, value: Value::Bytes(content), place }) if found == number => {
            Some(Ok((place, content)))
        }
        Ok(_) => None,
        Err(fault) => Some(Err(fault)),
    })
}

/// What the node multiplies, if that is all it does.
fn product(model: &[u8], node: Range<usize>) -> Result<Product, Fault> {
    let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
    let mut transposes = false;
    for field in Fields::new(model, node) {
        let Field { number, value: Value::Bytes(content), .. } = field? else { continue };
        match number {
            NODE_INPUT => inputs.push(model[content].to_vec()),
            NODE_OUTPUT => outputs.push(model[content].to_vec()),
            NODE_ATTRIBUTE => transposes |= is_transposition(model, content)?,
            _ => {}
        }
    }
    let (Ok([left, right]), Ok([result])) = (<[_; 2]>::try_from(inputs), <[_; 1]>::try_from(outputs)) else {
        return Err(Fault::OtherProduct);
    };
    if transposes { Ok(Product { left, right, result }) } else { Err(Fault::OtherProduct) }
}

/// Whether an attribute is the one that is wanted, `transA = 1`. Any other must say what it says by default.
fn is_transposition(model: &[u8], attribute: Range<usize>) -> Result<bool, Fault> {
    let (mut name, mut number, mut float) = (0..0, 0, 0);
    for field in Fields::new(model, attribute) {
        match field? {
            Field { number: ATTRIBUTE_NAME, value: Value::Bytes(content), .. } => name = content,
            Field { number: ATTRIBUTE_INTEGER, value: Value::Number(value), .. } => number = value,
            Field { number: ATTRIBUTE_FLOAT, value: Value::Number(value), .. } => float = value,
            _ => {}
        }
    }
    match &model[name] {
        b"transA" if number == 1 => Ok(true),
        b"transA" | b"transB" | b"transBatchA" | b"transBatchB" if number == 0 => Ok(false),
        b"alpha" if float == u64::from(1_f32.to_bits()) => Ok(false),
        _ => Err(Fault::OtherProduct),
    }
}

/// The two nodes, as fields of the graph, in exactly so many bytes.
fn written(product: &Product, length: usize) -> Option<Vec<u8>> {
    let mut order = Vec::new();
    bytes_field(&mut order, ATTRIBUTE_NAME, b"perm");
    for dimension in [0, 2, 1] {
        number_field(&mut order, ATTRIBUTE_INTEGERS, dimension);
    }
    number_field(&mut order, ATTRIBUTE_TYPE, INTEGERS);

    let mut transpose = Vec::new();
    bytes_field(&mut transpose, NODE_INPUT, &product.left);
    bytes_field(&mut transpose, NODE_OUTPUT, BETWEEN);
    bytes_field(&mut transpose, NODE_OPERATOR, b"Transpose");
    bytes_field(&mut transpose, NODE_ATTRIBUTE, &order);

    let mut multiply = Vec::new();
    bytes_field(&mut multiply, NODE_INPUT, BETWEEN);
    bytes_field(&mut multiply, NODE_INPUT, &product.right);
    bytes_field(&mut multiply, NODE_OUTPUT, &product.result);
    bytes_field(&mut multiply, NODE_OPERATOR, b"MatMul");

    // Spaces in the node's documentation fill up what is left. Not every length can be had: one more space may need a
    // byte more for its count.
    let without = transpose.len() + multiply.len();
    (0..=length.checked_sub(without)?).rev().find_map(|spaces| {
        let mut padded = multiply.clone();
        bytes_field(&mut padded, NODE_DOCUMENTATION, &vec![b' '; spaces]);
        let mut nodes = Vec::new();
        bytes_field(&mut nodes, GRAPH_NODE, &transpose);
        bytes_field(&mut nodes, GRAPH_NODE, &padded);
        (nodes.len() == length).then_some(nodes)
    })
}

#[cfg(test)]
mod tests;
