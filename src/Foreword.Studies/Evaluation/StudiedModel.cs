using Foreword.Models;
using Foreword.Studies.Grid;
using Foreword.Tokenization;

namespace Foreword.Studies.Evaluation;

/// <summary>A model of a study that evaluates.</summary>
/// <param name="Name">The name, which is a level of the factor <c>model</c>.</param>
/// <param name="Path">The model's path, or a run's.</param>
/// <param name="Config">Its architecture.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
internal sealed record StudiedModel(string Name, string Path, ModelConfig Config, Tokenizer Tokenizer)
{
    /// <summary>The factor whose levels are models.</summary>
    public const string Factor = "model";

    /// <summary>The factor whose levels are numbers of parameters.</summary>
    public const string Parameters = "parameters";

    /// <summary>Opens models.</summary>
    /// <exception cref="InvalidDataException">A path holds no model, or two models have one name.</exception>
    public static IReadOnlyList<StudiedModel> Open(IReadOnlyList<string> paths)
    {
        List<StudiedModel> models = [];
        foreach (string path in paths)
        {
            using StoredModel stored = StoredModel.Open(path);
            string name = System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(path));
            if (models.Any(other => other.Name == name))
                throw new InvalidDataException($"{path}: another model is named {name}, too; the names of directories tell models apart");
            models.Add(new StudiedModel(name, path, stored.Config, stored.Tokenizer));
        }

        return models;
    }

    /// <summary>Gets the factors of the model: its name and its number of parameters.</summary>
    public IEnumerable<StudyFactor> Factors => [new(Factor, Name), new(Parameters, Config.ParameterCount.ToString(System.Globalization.CultureInfo.InvariantCulture))];
}
