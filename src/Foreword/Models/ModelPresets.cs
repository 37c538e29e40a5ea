using Foreword.Settings;

namespace Foreword.Models;

/// <summary>The configurations that have a name: those of the published models, and of small models for experiments.</summary>
public static class ModelPresets
{
    /// <summary>Gets all presets by name: the <see cref="GptConfig.Presets"/> and the <see cref="LstmConfig.Presets"/>.</summary>
    public static IReadOnlyDictionary<string, ModelConfig> All { get; } = new[]
    {
        GptConfig.Presets.Select(preset => (preset.Key, (ModelConfig)preset.Value)),
        LstmConfig.Presets.Select(preset => (preset.Key, (ModelConfig)preset.Value)),
    }.SelectMany(presets => presets).ToDictionary(StringComparer.Ordinal);

    /// <summary>Returns a preset by its name.</summary>
    /// <param name="name">A key of <see cref="All"/>.</param>
    /// <exception cref="ArgumentException">There is no preset with that name. The message suggests the nearest name.</exception>
    public static ModelConfig Get(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return All.TryGetValue(name, out ModelConfig? config)
            ? config
            : throw new ArgumentException($"unknown preset '{name}'{NearestName.Suggestion(name, All.Keys)}", nameof(name));
    }
}
