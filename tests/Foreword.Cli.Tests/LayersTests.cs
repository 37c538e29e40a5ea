using System.Text.RegularExpressions;
using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using ArchUnitNET.xUnitV3;
using Foreword.Cpu;
using Foreword.Data.Recipes;
using Foreword.Evaluation.Benchmarks;
using Foreword.Extensions.AI;
using Foreword.Hub;
using Foreword.Models;
using Foreword.Segmentation;
using Foreword.Server;
using Foreword.Studies.Grid;
using Foreword.Torch;
using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace Foreword.Cli.Tests;

/// <summary>
/// States the layers. A package uses only the packages that stand before it in its list, and a folder of a package only the folders before it.
/// The types directly in a package's namespace are exempt unless the package's list names them as "". There they are the contract or the front door.
/// </summary>
public sealed class LayersTests
{
    private static readonly Architecture Architecture = new ArchLoader().LoadAssemblies(
        typeof(GptConfig).Assembly, typeof(Recipe).Assembly, typeof(Benchmark).Assembly, typeof(HubClient).Assembly, typeof(SegmentedWords).Assembly,
        typeof(CpuLanguageModel).Assembly, typeof(GptModel).Assembly, typeof(StudyGrid).Assembly, typeof(ForewordServer).Assembly, typeof(ForewordModel).Assembly, typeof(CommandRunner).Assembly).Build();

    /// <summary>Packages, each with the packages of this project that it may use.</summary>
    private static readonly (string Package, string[] Below)[] Packages =
    [
        ("Foreword", []),
        ("Foreword.Hub", ["Foreword"]),
        ("Foreword.Segmentation", ["Foreword"]),
        ("Foreword.Cpu", ["Foreword"]),
        ("Foreword.Data", ["Foreword"]),
        ("Foreword.Evaluation", ["Foreword", "Foreword.Data"]),
        ("Foreword.Torch", ["Foreword", "Foreword.Data"]),
        ("Foreword.Studies", ["Foreword", "Foreword.Data", "Foreword.Evaluation", "Foreword.Torch"]),
        ("Foreword.Server", ["Foreword", "Foreword.Cpu"]),
        ("Foreword.Extensions.AI", ["Foreword", "Foreword.Cpu"]),
        ("Foreword.Cli", ["Foreword", "Foreword.Data", "Foreword.Evaluation", "Foreword.Hub", "Foreword.Segmentation", "Foreword.Cpu", "Foreword.Torch", "Foreword.Studies", "Foreword.Server"]),
    ];

    /// <summary>
    /// Folders of each package, the lowest first. A dot stands for a subfolder, and "" for the types directly in the package's namespace. Folders that
    /// name each other are one entry, with | between them.
    /// </summary>
    private static readonly (string Package, string[] Folders)[] Layers =
    [
        ("Foreword",
            ["Progress", "Settings", "Numerics", "IO", "Models",
             "Tokenization", "Tokenization.Bpe", "Tokenization.Files", "Tokenization.Normalization", "Tokenization.ByteLevel", "Tokenization.Words", "Tokenization.WordPieces", "Tokenization.Gpt1",
             "Tokenization.Catalog",
             "Weights", "Weights.HuggingFace", "Weights.PyTorch", "Weights.OpenAi", "Weights.Llmc", "Weights.Gguf", "Weights.Quantized", "Weights.Catalog",
             "Generation.Constraints.Grammars", "Generation.Constraints.Json", "Generation.Constraints", "Generation.Streaming", "Generation", "Chat", "Tasks.Metrics", "Tasks|Tasks.HuggingFace|Tasks.Kinds|Tasks.Targets", ""]),
        ("Foreword.Data", ["Decoding", "Tables", "Reading.Formats", "Reading", "Cleaning", "Shards", "Sampling", "Dialogues", "Preparing", "ReferencePacks", "Baselines", "Labeled", "Datasets", "Datasets.Entailment", "Datasets.Similarity", "Datasets.Classification", "Datasets.Choices", "Datasets.Extraction", "Datasets.Catalog", "Recipes.Yaml", "Recipes", "Recipes.Supervised", "FineTuning", "Questions", "Supervised"]),
        ("Foreword.Evaluation",
            ["Metrics", "Questions", "Prompts", "Benchmarks", "Families", "Benchmarks.LanguageModeling", "Benchmarks.Choices", "Benchmarks.Labels", "Benchmarks.Answers", "Benchmarks.User", "Running", "Results", "Overlap", ""]),
        ("Foreword.Cpu", ["Threading", "Kernels", "Kernels.MachineCode", "Matrices", "Cache", "Forward", "Quantized", "Scheduling"]),
        ("Foreword.Torch", ["Kernels", "Runtime", "Optimizers", "Paths|Paths.Fused|Paths.Fused.Recurrent", "Inference", "Training", "Runs", "FineTuning", "Supervised"]),
        ("Foreword.Studies", ["Grid", "Results", "FineTuning", "Evaluation", "Training", "Dialogues"]),
        ("Foreword.Server", ["Responses", "Page", "Runs", "Hosting", "Requests", "Endpoints", "Documentation"]),
        ("Foreword.Extensions.AI", ["Requests", "Hosting"]),
        ("Foreword.Cli",
            ["Output", "Options", "Reports", "Reports.Tasks", "Reports.Evaluations", "Reports.Studies", "Loading", "Inspection", "Commands", "Commands.Bench", "Commands.Conversion", "Commands.Evaluate", "Commands.Predict", "Commands.Pretrain",
             "Commands.FineTune", "Commands.Quickstart", "Commands.Serve", "Commands.Study", "Commands.Verify", ""]),
    ];

    public static TheoryData<string> PackageNames => [.. Packages.Select(package => package.Package)];

    public static TheoryData<string, string> Folders => [.. Layers.SelectMany(layer => layer.Folders, (layer, folder) => (layer.Package, folder))];

    [Theory]
    [MemberData(nameof(PackageNames))]
    public void APackageUsesOnlyThePackagesBelowIt(string package)
    {
        string[] allowed = [package, .. Packages.Single(entry => entry.Package == package).Below];
        string[] used = [.. Assembly(package).GetReferencedAssemblies().Select(assembly => assembly.Name!).Where(name => name == "Foreword" || name.StartsWith("Foreword.", StringComparison.Ordinal))];
        Assert.Empty(used.Except(allowed));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void AFolderUsesOnlyTheFoldersBelowIt(string package, string folder)
    {
        string[] folders = Layers.Single(layer => layer.Package == package).Folders;
        string[] above = folders[(Array.IndexOf(folders, folder) + 1)..];
        IObjectProvider<IType> own = Types().That().ResideInNamespaceMatching(Namespaces(package, [folder]));
        Assert.NotEmpty(own.GetObjects(Architecture));
        if (above.Length > 0)
            Types().That().Are(own).Should().NotDependOnAny(Types().That().ResideInNamespaceMatching(Namespaces(package, above))).Check(Architecture);
    }

    [Theory]
    [MemberData(nameof(PackageNames))]
    public void EveryFolderHasItsPlaceAmongTheLayers(string package)
    {
        string[] folders = [.. Layers.Where(layer => layer.Package == package).SelectMany(layer => layer.Folders)];
        string[] found = [.. Assembly(package).GetTypes().Select(type => type.Namespace ?? "").Where(name => name.StartsWith(package + ".", StringComparison.Ordinal)).Distinct()];
        Assert.DoesNotContain(found, name => !folders.Any(folder => Regex.IsMatch(name, Namespaces(package, [folder]))));
    }

    private static string Namespaces(string package, string[] folders) =>
        $"^({string.Join('|', folders.SelectMany(folder => folder.Split('|')).Select(folder => Regex.Escape(folder.Length == 0 ? package : $"{package}.{folder}")))})$";

    private static System.Reflection.Assembly Assembly(string package) => System.Reflection.Assembly.Load(package);
}
