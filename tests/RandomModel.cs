using System.Runtime.InteropServices;
using Foreword.Models;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;

namespace Foreword.Tests;

/// <summary>A GPT-2 with two blocks, 300 ids and random weights, always the same ones.</summary>
internal static class RandomModel
{
    /// <summary>Writes the model and a byte-level tokenizer into a directory.</summary>
    public static void Write(string directory)
    {
        GptConfig config = new() { NLayer = 2, NHead = 2, NEmbd = 64, ContextLength = 256, VocabSize = 300 };
        HuggingFaceConfig.Write(directory, config);
        File.Copy(Fixtures.Path("classifiers/gpt2/tokenizer.json"), Path.Combine(directory, "tokenizer.json"));
        Random random = new(7);
        SafetensorsWriter writer = new();
        foreach (GptParameter parameter in GptParameter.Of(config))
        {
            bool isNorm = parameter.Name.Contains("ln_", StringComparison.Ordinal);
            float[] values = [.. Enumerable.Range(0, (int)parameter.Shape.Aggregate(1L, (product, size) => product * size))
                .Select(_ => isNorm ? parameter.Name.EndsWith("weight", StringComparison.Ordinal) ? 1f : 0f : (random.NextSingle() - 0.5f) * 0.6f)];
            writer.Add(HuggingFaceNameMap.FileName(parameter.Name, config.Architecture), TensorDType.F32, parameter.Shape, MemoryMarshal.AsBytes<float>(values).ToArray());
        }

        writer.Save(Path.Combine(directory, "model.safetensors"));
    }
}
