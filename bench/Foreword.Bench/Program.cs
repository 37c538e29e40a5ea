using BenchmarkDotNet.Running;
using Foreword.Bench;

// Kernels and tokenizer:  dotnet run -c Release --project bench/Foreword.Bench -- --filter "*"
// bf16 beside fp32:       dotnet run -c Release --project bench/Foreword.Bench -- precision TEXT.txt curves.png
// tokenizers and peers:   dotnet run -c Release --project bench/Foreword.Bench -- tokenizers GPT2-VOCABULARY TEXT...
// Whole training steps and decoding are `foreword bench train|decode`.
if (args is ["precision", var text, var output])
    PrecisionStudy.Run(text, output);
else if (args is ["tokenizers", var vocabulary, _, ..])
    TokenizerComparison.Run(vocabulary, args[2..]);
else
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
