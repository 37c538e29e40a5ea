using Foreword.Cli.Output;
using Foreword.Tasks;
using Foreword.Tasks.HuggingFace;
using Foreword.Tokenization;
using Foreword.Weights;

namespace Foreword.Cli.Commands.Conversion;

/// <summary>What <c>convert</c> does with a fine-tuned model's head: a classifier that transformers opens where it computes the same, else the language model alone.</summary>
internal sealed class ClassifierConversion
{
    private const string Format = "hf";

    private readonly ModelWeights _model;
    private readonly TaskDescription _task;
    private readonly TaskHeadWeights _head;
    private readonly Tokenizer _tokenizer;
    private readonly TensorDType _dtype;

    private ClassifierConversion(ModelWeights model, TaskDescription task, TaskHeadWeights head, Tokenizer tokenizer, TensorDType dtype) =>
        (_model, _task, _head, _tokenizer, _dtype) = (model, task, head, tokenizer, dtype);

    /// <summary>The conversion of a model's head, or null where only the language model is written, which is said.</summary>
    public static ClassifierConversion? Of(ModelWeights model, Tokenizer? tokenizer, WeightsFormat target, string type, bool languageModelOnly, Terminal terminal)
    {
        if (!TaskDescription.IsIn(model.Path))
        {
            if (model.LeftOut.Count > 0)
                terminal.Say($"{model.Path} has a head that is not read ({string.Join(", ", model.LeftOut.Select(tensor => tensor.FileName))}); only the language model is written");
            return null;
        }

        TaskDescription task = TaskDescription.Read(model.Path);
        if (languageModelOnly || target.Name != Format || !TensorDTypes.TryParse(type.ToUpperInvariant(), out TensorDType dtype))
        {
            terminal.Say($"{model.Path} is fine-tuned for {task.Kind}; only its language model is written, without the task head");
            return null;
        }

        TaskHeadWeights head = TaskHeadWeights.Read(model.Path, task, model.Config.NEmbd);
        if (HuggingFaceClassifier.Obstacle(model, task, head, tokenizer, dtype) is { } obstacle)
        {
            terminal.Say($"{model.Path} is fine-tuned for {task.Kind}; only its language model is written, without the task head: {obstacle}");
            return null;
        }

        terminal.Say($"{model.Path} is fine-tuned for {task.Kind}; a {HuggingFaceClassifier.ClassName(model.Config.Architecture)} is written{(task.Tokens is null ? "" : ", whose tokenizer puts the task's tokens around a text")} (--language-model leaves the head out)");
        return new ClassifierConversion(model, task, head, tokenizer!, dtype);
    }

    public void Write(string directory) => HuggingFaceClassifier.Write(_model, _task, _head, _tokenizer, _dtype, directory);
}
