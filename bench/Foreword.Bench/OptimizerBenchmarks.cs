using System.Diagnostics.CodeAnalysis;
using BenchmarkDotNet.Attributes;
using Foreword.Models;
using Foreword.Torch;
using Foreword.Torch.Optimizers;
using static TorchSharp.torch;

namespace Foreword.Bench;

/// <summary>Measures one AdamW update of GPT-2's parameters with our optimizer and with libtorch's, called through TorchSharp.</summary>
[SuppressMessage("Design", "CA1001", Justification = "BenchmarkDotNet calls Release.")]
public class OptimizerBenchmarks
{
    private GptModel _model = null!;
    private AdamW _ours = null!;
    private optim.Optimizer _theirs = null!;
    private Dictionary<string, Tensor> _gradients = null!;

    [Params("gpt2-tiny-5m", "gpt2")]
    public string Preset { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _model = new GptModel(GptConfig.Preset(Preset));
        _ours = new AdamW(_model.named_parameters(), new AdamWOptions());
        _theirs = optim.AdamW(_model.parameters(), lr: 1e-4);
        _gradients = _model.named_parameters().ToDictionary(p => p.name, p => randn_like(p.parameter).detach());
    }

    [Benchmark(Baseline = true)]
    public void TorchSharpAdamW()
    {
        SetGradients();
        _theirs.step();
    }

    [Benchmark]
    public double ForewordAdamW()
    {
        SetGradients();
        return _ours.Step(1e-4, clipNorm: 1);
    }

    [GlobalCleanup]
    public void Release()
    {
        _ours.Dispose();
        _theirs.Dispose();
        _model.Dispose();
        foreach (Tensor gradient in _gradients.Values)
            gradient.Dispose();
    }

    private void SetGradients()
    {
        foreach (var (name, parameter) in _model.named_parameters())
            parameter.grad = _gradients[name];
    }
}
