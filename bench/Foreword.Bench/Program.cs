using System.Globalization;
using BenchmarkDotNet.Running;
using Foreword.Bench;

// Kernels and tokenizer:  dotnet run -c Release --project bench/Foreword.Bench -- --filter "*"
// bf16 against fp32:      dotnet run -c Release --project bench/Foreword.Bench -- precision TEXT.txt curves.png
// tokenizers and peers:   dotnet run -c Release --project bench/Foreword.Bench -- tokenizers GPT2-VOCABULARY TEXT...
//                         dotnet run -c Release --project bench/Foreword.Bench -- other-tokenizers GPT1-VOCABULARY ENGLISH vocab.txt CHINESE
// corpora:                dotnet run -c Release --project bench/Foreword.Bench -- make-corpus TEXT.txt MEGABYTES CORPUS.(txt|jsonl|parquet)
//                         ... -- prepare CORPUS TOKENIZER OUT        ... -- train-tokenizer CORPUS ENTRIES
// decoding and llama.cpp: dotnet run -c Release --project bench/Foreword.Bench -- decode LLAMA-LIBRARIES GGUF-DIRECTORY [all|f32|bf16|q8_0|q4_0]
// weights formats:        ... -- formats make gpt2 DIR      ... -- formats convert foreword.dll WORK MODEL...      ... -- formats fuzz tests/fixtures 100000
// `foreword bench train|decode` measures whole training steps and decoding. The PyTorch peer is in bench/peers.
if (args is ["precision", var text, var output])
    PrecisionStudy.Run(text, output);
else if (args is ["tokenizers", var vocabulary, _, ..])
    TokenizerComparison.Run(vocabulary, args[2..]);
else if (args is ["decode", var libraries, var ggufs, ..])
    DecodeComparison.Run(libraries, ggufs, args.ElementAtOrDefault(3) ?? "all");
else if (args is ["make-corpus", var source, var megabytes, var corpus])
    PreparationBenchmark.Make(source, int.Parse(megabytes, CultureInfo.InvariantCulture), corpus);
else if (args is ["prepare", var prepared, var tokenizer, var shards])
    PreparationBenchmark.Run(prepared, tokenizer, shards);
else if (args is ["train-tokenizer", var trainedOn, var entries])
    PreparationBenchmark.Train(trainedOn, int.Parse(entries, CultureInfo.InvariantCulture));
else if (args is ["formats", "make", var preset, var model])
    FormatBenchmark.Make(preset, model);
else if (args is ["formats", "convert", var foreword, var work, _, ..])
    return FormatBenchmark.Convert(foreword, work, args[4..]);
else if (args is ["formats", "fuzz", var fixtures, var iterations])
    FormatBenchmark.Fuzz(fixtures, int.Parse(iterations, CultureInfo.InvariantCulture));
else if (args is ["other-tokenizers", var gpt1, var english, var vocabularyText, var chinese])
    TokenizerComparison.RunOthers(gpt1, english, vocabularyText, chinese);
else
    BenchmarkSwitcher.FromAssembly(typeof(DecodeComparison).Assembly).Run(args);
return 0;
