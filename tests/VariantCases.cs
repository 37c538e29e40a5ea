using System.Text.Json.Nodes;

namespace Foreword.Tests;

/// <summary>
/// The configurations whose computation differs from that of the published models, with the results of transformers (fixtures/golden/variants.py).
/// </summary>
internal static class VariantCases
{
    /// <summary>Gets each model of the fixtures with each of its cases.</summary>
    public static IEnumerable<(string Model, string Case)> All =>
        from model in (string[])["gpt2", "gpt2-inner", "gpt1"]
        from name in Cases(model).Select(entry => entry.Key)
        select (model, name);

    /// <summary>Writes weights and configuration of a case into a directory.</summary>
    public static void Write(string model, string name, TemporaryDirectory directory)
    {
        string source = Fixtures.Path($"golden/variants/{model}");
        File.Copy(Path.Combine(source, "model.safetensors"), directory.File("model.safetensors"));
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(source, "config.json")))!.AsObject();
        foreach ((string field, JsonNode? value) in Cases(model)[name]!.AsObject())
            config[field] = value!.DeepClone();
        File.WriteAllText(directory.File("config.json"), config.ToJsonString());
    }

    private static JsonObject Cases(string model) => JsonNode.Parse(File.ReadAllText(Fixtures.Path($"golden/variants/{model}/cases.json")))!.AsObject();
}
